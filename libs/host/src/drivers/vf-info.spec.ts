import { describe, expect, it } from '@jest/globals';
import { NO_GUID } from '@sriov/api';
import { TestKernel } from '../test/test-kernel.ts';
import { findVfGuids, readVfInfos, setVfGuid, setVfLinkState, setVfMac, type VfInfo } from './vf-info.ts';

const zero = (bytes: number): string => Array(bytes).fill('00').join(':');
const GUID = '02:00:00:00:00:00:01:0a';
const OTHER = '02:00:00:00:00:00:01:0b';

/** What the PF prescribes for a VF with this row. */
async function infoOf(row: object): Promise<VfInfo | undefined> {
  const text = JSON.stringify([{ ifname: 'ib0', vfinfo_list: [{ vf: 3, ...row }] }]);
  const kernel = new TestKernel({ commands: { 'ip -j -d link show dev ib0': text } });
  return (await readVfInfos(kernel, 'ib0')).get(3);
}

describe('what a PF prescribes for a VF', () => {
  it.each<[string, object, VfInfo]>([
    ['its MAC address', { address: '02:00:00:00:00:01' }, { adminMac: '02:00:00:00:00:01' }],
    ['no MAC address of zeros', { address: zero(6) }, {}],
    ['no MAC address that is empty', { address: '' }, {}],
    ['no MAC address that is not there', {}, {}],
    ['a MAC address that begins with zeros', { address: '00:00:00:00:00:01' }, { adminMac: '00:00:00:00:00:01' }],
    ['a MAC address that ends with zeros', { address: '02:00:00:00:00:00' }, { adminMac: '02:00:00:00:00:00' }],
    ['not the address of the InfiniBand port itself', { address: `${Array(20).fill('02').join(':')}:${zero(12)}` }, {}],
    ['its VLAN', { vlan_list: [{ vlan: 100, qos: 3 }] }, { vlan: 100 }],
    ['its VLAN of an older kernel', { vlan: 100, qos: 3 }, { vlan: 100 }],
    ['no VLAN of an empty list', { vlan_list: [{}] }, {}],
    ['no VLAN that there cannot be', { vlan: 4096, vlan_list: [{ vlan: '7' }] }, {}],
    ['its GUIDs', { 'node guid': GUID, 'port guid': OTHER }, { guids: { node: GUID, port: OTHER } }],
    ['GUIDs of zeros', { 'node guid': NO_GUID, 'port guid': NO_GUID }, { guids: { node: NO_GUID, port: NO_GUID } }],
    [
      'the state of a link of InfiniBand',
      { 'node guid': GUID, 'port guid': GUID, link_state: 'disable' },
      { guids: { node: GUID, port: GUID }, linkState: 'disable' },
    ],
    [
      'no state that is none',
      { 'node guid': GUID, 'port guid': GUID, link_state: 'up' },
      { guids: { node: GUID, port: GUID } },
    ],
    ['no state of a link of Ethernet', { link_state: 'disable' }, {}],
    ['no GUIDs when one of them is missing', { 'node guid': GUID }, {}],
    ['no GUIDs when one of them is none', { 'node guid': GUID, 'port guid': '02:00' }, {}],
  ])('is %s', async (_, row, expected) => {
    expect(await infoOf(row)).toEqual(expected);
  });

  it('is nothing for an interface without VFs', async () => {
    const commands = { 'ip -j -d link show dev ens1': JSON.stringify([{ ifname: 'ens1' }]) };
    expect(await readVfInfos(new TestKernel({ commands }), 'ens1')).toEqual(new Map());
  });

  it('is set by commands of ip', async () => {
    const commands = {
      'ip link set dev ens1 vf 3 mac 02:00:00:00:00:01': '',
      [`ip link set dev ens1 vf 3 node_guid ${GUID} port_guid ${GUID}`]: '',
      'ip link set dev ens1 vf 3 state auto': '',
    };
    const kernel = new TestKernel({ commands });
    await setVfMac(kernel, { pfName: 'ens1', id: 3 }, '02:00:00:00:00:01');
    await setVfGuid(kernel, { pfName: 'ens1', id: 3 }, GUID);
    await setVfLinkState(kernel, { pfName: 'ens1', id: 3 }, 'auto');
    expect(kernel.done).toEqual(Object.keys(commands));
  });
});

describe('the GUIDs of a VF', () => {
  const pciAddress = '0000:5e:00.0';
  const files = {
    [`/sys/bus/pci/devices/${pciAddress}/sriov/3/node`]: OTHER,
    [`/sys/bus/pci/devices/${pciAddress}/sriov/3/port`]: OTHER,
  };
  const byIp = { node: GUID, port: GUID };
  const none = { node: NO_GUID, port: NO_GUID };
  const byFiles = { node: OTHER, port: OTHER };

  it.each<[string, string[], VfInfo['guids'], Record<string, string>, VfInfo['guids']]>([
    ['those of ip', ['sriov'], byIp, files, byIp],
    ['those of sysfs when ip tells none', ['sriov'], undefined, files, byFiles],
    ['those of sysfs when ip tells zeros', ['sriov'], none, files, byFiles],
    ['zeros when sysfs cannot be read', ['sriov'], none, {}, none],
    ['zeros when sysfs has no such files', [], none, files, none],
    ['unknown when neither tells them', ['sriov'], undefined, {}, undefined],
  ])('are %s', async (_, names, told, present, expected) => {
    expect(await findVfGuids(new TestKernel({ files: present }), { pciAddress, names }, { id: 3, told })).toEqual(
      expected,
    );
  });
});
