import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAwsMacs, readAwsPort } from './aws-data.ts';
import { knownPortSchema, MetadataError } from './known-port.ts';
import { readOpenStackPorts } from './openstack-data.ts';

const MAC = 'fa:16:3e:9c:bf:3d';
/** As Nova's documentation of the metadata shows it (doc/source/user/metadata.rst), cut down to what matters here. */
const NETWORK_DATA = {
  links: [
    { id: 'tap1', vif_id: 'v1', type: 'ovs', mtu: 1450, ethernet_mac_address: 'FA:16:3E:9C:BF:3D' },
    { id: 'tap2', vif_id: 'v2', type: 'hw_veb', mtu: 1450, ethernet_mac_address: 'fa:16:3e:d4:57:ad' },
    { id: 'vlan1', type: 'vlan', vlan_link: 'tap1', vlan_id: 101, vlan_mac_address: 'fa:16:3e:fa:16:3e' },
  ],
  networks: [
    { id: 'network0', link: 'tap1', network_id: 'da5bb487-5193-4a65-a3df-4a0055a8c0d7', type: 'ipv4_dhcp' },
    { id: 'network1', link: 'tap2', network_id: '6ad2b4f2-0000-4a65-a3df-4a0055a8c0d7', type: 'ipv6' },
    { id: 'network2', link: 'vlan1', network_id: '62611d6f-66cb-4270-8b1f-503ef0dd4736', type: 'ipv4' },
  ],
  services: [],
};
const META_DATA = {
  uuid: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
  devices: [{ type: 'nic', bus: 'pci', address: '0000:00:02.0', mac: MAC, tags: ['trusted'] }],
};
const json = JSON.stringify;

describe("Nova's files", () => {
  it('tell the networks of the ports, and hints at their PCI addresses', () => {
    expect(readOpenStackPorts({ networkData: json(NETWORK_DATA), metaData: json(META_DATA) })).toEqual([
      { mac: MAC, network: 'openstack/NetworkID:da5bb487-5193-4a65-a3df-4a0055a8c0d7', pciAddress: '0000:00:02.0' },
      { mac: 'fa:16:3e:d4:57:ad', network: 'openstack/NetworkID:6ad2b4f2-0000-4a65-a3df-4a0055a8c0d7' },
    ]);
  });

  it.each<[string, string | undefined]>([
    ['is missing', undefined],
    ['is half there', '{"devices": ['],
    ['has something else in the place of devices', json({ devices: 'none' })],
    ['has devices without an address', json({ devices: [{ mac: MAC }, null, 7] })],
  ])('tell the networks where meta_data.json %s', (_, metaData) => {
    expect(readOpenStackPorts({ networkData: json(NETWORK_DATA), metaData })).toHaveLength(2);
  });

  it.each<[string, string, string]>([
    ['is half there', json(NETWORK_DATA).slice(0, 200), 'network_data.json is not JSON'],
    ['is a page for people', '<html>Sign in</html>', 'network_data.json is not JSON'],
    ['is empty', '', 'network_data.json is not JSON'],
    ['is a number', '7', 'network_data.json does not have what Nova writes into it'],
    ['has no links', json({ networks: [] }), 'network_data.json does not have what Nova writes into it'],
    ['has links of the wrong type', json({ links: {}, networks: [] }), 'does not have what Nova writes'],
  ])('tell nothing where network_data.json %s, and the error says so', (_, networkData, message) => {
    const read = (): unknown => readOpenStackPorts({ networkData });
    expect(read).toThrow(MetadataError);
    expect(read).toThrow(message);
  });

  it.each<[string, unknown, unknown]>([
    ['a MAC address that is none', { id: 'a', ethernet_mac_address: 'fa:16' }, { link: 'a', network_id: 'n' }],
    ['a MAC address of a wrong type', { id: 'a', ethernet_mac_address: 7 }, { link: 'a', network_id: 'n' }],
    ['a network with blanks', { id: 'a', ethernet_mac_address: MAC }, { link: 'a', network_id: 'a b' }],
    ['a network of 10 MB', { id: 'a', ethernet_mac_address: MAC }, { link: 'a', network_id: 'n'.repeat(10_000_000) }],
    ['no link of that name', { id: 'b', ethernet_mac_address: MAC }, { link: 'a', network_id: 'n' }],
    ['nothing', null, null],
  ])('pass over an entry with %s', (_, link, network) => {
    expect(readOpenStackPorts({ networkData: json({ links: [link], networks: [network] }) })).toEqual([]);
  });

  it('never yield anything but ports or a MetadataError, whatever they say', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(MAC, 'tap1', '0000:00:02.0', 'n'));
    const link = fc.record({ id: value, ethernet_mac_address: value }, { requiredKeys: [] });
    const network = fc.record({ link: value, network_id: value }, { requiredKeys: [] });
    const file = fc.record(
      { links: fc.oneof(fc.array(link), value), networks: fc.oneof(fc.array(network), value) },
      { requiredKeys: [] },
    );
    const text = fc.oneof(file.map(json), fc.string(), fc.jsonValue().map(json));
    const cut = fc.tuple(text, fc.nat(400)).map(([whole, length]) => whole.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(text, cut), fc.option(text, { nil: undefined }), (networkData, metaData) => {
        expectPortsOr(() => readOpenStackPorts({ networkData, metaData }));
      }),
    );
  });
});

describe('the answers of EC2', () => {
  it('tell the MAC addresses, and the subnet of each', () => {
    expect(readAwsMacs('02:29:96:8f:6a:2d/\n0a:9f:00:00:00:01/')).toEqual(['02:29:96:8f:6a:2d', '0a:9f:00:00:00:01']);
    expect(readAwsPort(MAC, 'subnet-0ab1\n')).toEqual({ mac: MAC, network: 'aws/NetworkID:0ab1' });
  });

  it.each(['', '<html>', 'a/\nb/'])('that list no MAC address, as %j, are an error', (text) => {
    expect(() => readAwsMacs(text)).toThrow(MetadataError);
  });

  it.each(['', 'subnet-', 'vpc-1', 'subnet-a b', `subnet-${'a'.repeat(200)}`])(
    'that name no subnet, as %j, are an error',
    (text) => {
      expect(() => readAwsPort(MAC, text)).toThrow(MetadataError);
    },
  );

  it('never yield anything but ports or a MetadataError, whatever they say', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(`${MAC}/`, '/', 'subnet-1'));
    const text = fc.array(line).map((all) => all.join('\n'));
    fc.assert(
      fc.property(text, text, (macs, subnet) => {
        expectPortsOr(() => readAwsMacs(macs).map((mac) => readAwsPort(mac, subnet)));
      }),
    );
  });
});

function expectPortsOr(read: () => unknown[]): void {
  try {
    for (const port of read()) expect(knownPortSchema.safeParse(port).success).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(MetadataError);
  }
}
