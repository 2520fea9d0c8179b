import { describe, expect, it } from '@jest/globals';
import { observedInterfaceSchema, virtualFunctionSchema } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { statusInterfaces } from './status-interfaces.ts';
import { netdevice, PF, testLink, testPf, testVf } from '../test/test-host.ts';

const status = (pf: ObservedPf, external = false): unknown =>
  statusInterfaces({ interfaces: [pf], problems: [] }, () => external)[0];

const base = { pciAddress: PF, vendor: '8086', deviceID: '10c9', driver: 'igb', linkType: 'ETH' };
const link = { name: 'ens1', mac: '52:54:00:aa:00:10', mtu: 1500, linkAdminState: 'up' };

describe('the status of a PF', () => {
  it('reports its interface and its SR-IOV side', () => {
    const pf = testPf([], { link: testLink({ altNames: ['enp1s0'], speed: 1000 }) });
    expect(status(pf, true)).toEqual({
      ...base,
      ...link,
      altNames: ['enp1s0'],
      linkSpeed: '1000 Mb/s',
      externallyManaged: true,
      totalvfs: 7,
      numVfs: 0,
      eSwitchMode: 'legacy',
      Vfs: [],
    });
  });

  it('of which the speed is not known says nothing about it', () => {
    expect(status(testPf())).toMatchObject({ linkSpeed: '' });
  });

  it('that is down and in switchdev mode says so', () => {
    const pf = testPf([], { link: testLink({ up: false }), eSwitchMode: 'switchdev' });
    expect(status(pf)).toMatchObject({ linkAdminState: 'down', eSwitchMode: 'switchdev' });
  });

  it('whose eSwitch mode could not be read is not called legacy', () => {
    expect(status(testPf([], { eSwitchUnknown: 'devlink: ENOENT' }))).toMatchObject({ eSwitchMode: 'unknown' });
  });

  it('without an interface, a driver and SR-IOV reports what is left', () => {
    const { link: _link, driver: _driver, sriov: _sriov, ...pf } = testPf();
    expect(status(pf)).toEqual({ ...base, driver: undefined, externallyManaged: false });
  });
});

describe('the status of a VF', () => {
  const ids = { vendor: '8086', deviceID: '10ca' };
  it.each([
    [
      'with an interface',
      netdevice(0),
      {
        vfID: 0,
        pciAddress: '0000:01:10.0',
        ...ids,
        driver: 'igbvf',
        name: 'ens1v0',
        mac: '02:00:00:00:00:00',
        mtu: 1500,
      },
    ],
    [
      'bound to vfio-pci, whose address the PF prescribes',
      testVf(1, { driver: 'vfio-pci', adminMac: '02:00:00:00:00:09' }),
      { vfID: 1, pciAddress: '0000:01:10.1', ...ids, driver: 'vfio-pci', mac: '02:00:00:00:00:09' },
    ],
    [
      'of an InfiniBand port, which a pod has',
      testVf(2, {
        guids: { node: '02:00:00:00:00:00:01:0a', port: '02:00:00:00:00:00:01:0b' },
        uses: [{ kind: 'namespace' }],
      }),
      { vfID: 2, pciAddress: '0000:01:10.2', ...ids, guid: '02:00:00:00:00:00:01:0a', assigned: 'true' },
    ],
    [
      'with a vDPA device of ours',
      testVf(2, { vdpa: [{ name: 'vdpa0' }, { name: 'vdpa:0000:01:10.2', driver: 'vhost_vdpa' }] }),
      { vfID: 2, pciAddress: '0000:01:10.2', ...ids, vdpaType: 'vhost' },
    ],
    [
      'with a vDPA device of ours without a driver, or one of somebody else',
      testVf(2, { vdpa: [{ name: 'vdpa:0000:01:10.2' }, { name: 'vdpa0', driver: 'vhost_vdpa' }] }),
      { vfID: 2, pciAddress: '0000:01:10.2', ...ids },
    ],
    [
      'with a representor on the eSwitch',
      testVf(2, { representor: 'ens1_2' }),
      { vfID: 2, pciAddress: '0000:01:10.2', ...ids, representorName: 'ens1_2' },
    ],
    ['in a VLAN', testVf(2, { vlan: 7 }), { vfID: 2, pciAddress: '0000:01:10.2', ...ids, Vlan: 7 }],
    ['that nothing is bound to', testVf(2), { vfID: 2, pciAddress: '0000:01:10.2', ...ids }],
  ])('%s', (_, vf, expected) => {
    expect(status(testPf([vf]))).toMatchObject({ numVfs: 1, Vfs: [expected] });
  });

  it('of which nobody knows whether it is in use does not say that it is', () => {
    const uses = [
      { kind: 'unknown', cause: 'the kubelet does not answer' },
      { kind: 'assumed', by: 'a setting' },
    ] as const;
    expect(status(testPf([testVf(0, { uses })]))).not.toHaveProperty('Vfs.0.assigned');
  });
});

it('the status fills each field of the CRD', () => {
  const vf = netdevice(0, {
    ...{ adminMac: '02:00:00:00:00:09', vlan: 7, representor: 'ens1_0', uses: [{ kind: 'namespace' }] },
    vdpa: [{ name: 'vdpa:0000:01:10.0', driver: 'vhost_vdpa' }],
    guids: { node: '02:00:00:00:00:00:01:0a', port: '02:00:00:00:00:00:01:0b' },
  });
  const port = { network: 'openstack/NetworkID:a', mac: '02:00:00:00:00:0a' };
  const interfaces = [testPf([vf]), testPf([], { port })];
  const told = statusInterfaces({ interfaces, problems: [] }, () => false);
  const fields = (values: readonly object[]): string[] => [...new Set(values.flatMap(Object.keys))].sort();
  expect(fields(told)).toEqual(Object.keys(observedInterfaceSchema.shape).sort());
  expect(fields(told.flatMap(({ Vfs = [] }) => Vfs))).toEqual(Object.keys(virtualFunctionSchema.shape).sort());
});
