import { describe, expect, it } from '@jest/globals';
import { type PfPlan, type StepName } from '@sriov/node-plan';
import { type ObservedHost, type ObservedVf } from '@sriov/observed-host';
import { changesVfs, vfChanges, vfPortrait } from './vf-changes.ts';

const PF = '0000:01:00.0';

describe('of a plan, the device plugin has to learn', () => {
  const entry = {
    pciAddress: PF,
    name: 'ens1',
    numVfs: 4,
    vfGroups: [{ resourceName: 'r', vfRange: '0-1' }, { vfRange: '2-3' }],
  };
  const plan: PfPlan = { pciAddress: PF, name: 'ens1', because: [], before: [], vfs: [], after: [] };
  const change = (pf: Partial<PfPlan>, spec = [entry], owned = [entry]): readonly string[] =>
    vfChanges(
      { pfs: [{ ...plan, ...pf }] },
      { spec: { interfaces: spec }, owned: new Map(owned.map((each) => [each.pciAddress, each])) },
    );
  const set = { kind: 'set-num-vfs', numVfs: 4 } as const;
  const rebind = [{ kind: 'unbind-vf' }, { kind: 'bind-vf', driver: 'vfio-pci' }] as const;

  it.each<[string, readonly string[], string[]]>([
    ['another number of VFs', change({ before: [set] }), [`ens1 (${PF}): the number of VFs becomes 4`]],
    [
      'another number of VFs, through none for the MTU to come between',
      change({ before: [{ kind: 'set-num-vfs', numVfs: 0 }, { kind: 'set-pf-mtu', mtu: 9000 }, set] }),
      [`ens1 (${PF}): the number of VFs becomes 4`],
    ],
    [
      'VFs that go, and were of a resource',
      change({ before: [{ kind: 'set-num-vfs', numVfs: 0 }] }, []),
      [`ens1 (${PF}): the number of VFs becomes 0`],
    ],
    [
      'another eSwitch mode',
      change({ before: [{ kind: 'set-eswitch-mode', mode: 'legacy' }] }),
      [`ens1 (${PF}): another eSwitch mode`],
    ],
    ['nothing of VFs that never were in a resource', change({ before: [set] }, [{ ...entry, vfGroups: [] }], []), []],
    [
      'another driver of VFs of a resource',
      change({ vfs: [0, 1, 3].map((id) => ({ id, steps: rebind })) }),
      [`ens1 (${PF}): another driver for VF 0-1`],
    ],
    [
      'VFs that are not side by side',
      change({ vfs: [0, 1, 3].map((id) => ({ id, steps: rebind })) }, [
        { ...entry, vfGroups: [{ resourceName: 'r', vfRange: '0-3' }] },
      ]),
      [`ens1 (${PF}): another driver for VF 0-1, 3`],
    ],
    [
      'VFs that are bound again for their GUIDs, because RDMA devices may have other names then',
      change({ vfs: [{ id: 1, steps: [rebind[0], { kind: 'set-vf-guid', guid: '02' }, rebind[1]] }] }),
      [`ens1 (${PF}): other GUIDs for VF 1`],
    ],
    [
      'another vDPA device of a VF',
      change({ vfs: [{ id: 1, steps: [{ kind: 'bind-vdpa', driver: 'vhost_vdpa' }] }] }),
      [`ens1 (${PF}): other vDPA devices for VF 1`],
    ],
    ['nothing of VFs outside of resources', change({ vfs: [{ id: 3, steps: rebind }] }), []],
    [
      'nothing of MTU, link and MAC address',
      change({
        before: [{ kind: 'set-pf-mtu', mtu: 9000 }, { kind: 'set-link-up' }],
        vfs: [
          {
            id: 0,
            steps: [
              { kind: 'set-vf-mtu', mtu: 9000 },
              { kind: 'set-vf-mac', mac: '02:00:00:00:00:01' },
            ],
          },
        ],
        after: [{ kind: 'set-autoprobe', enabled: true }],
      }),
      [],
    ],
  ])('%s', (_, changes, expected) => expect(changes).toEqual(expected));
});

it.each<[StepName['kind'], boolean]>([
  ['set-num-vfs', true],
  ['bind-vf', true],
  ['unbind-vf', true],
  ['make-vdpa', true],
  ['bind-vdpa', true],
  ['remove-vdpa', true],
  ['remove-vdpas', true],
  ['set-vf-mac', false],
  ['set-vf-mtu', false],
  ['set-pf-mtu', false],
  ['load-module', false],
])('a step %s changes VFs: %s', (kind, expected) => expect(changesVfs({ kind })).toBe(expected));

describe('two looks at a host', () => {
  const host = (...vfs: readonly (readonly Partial<ObservedVf>[])[]): ObservedHost => ({
    problems: [],
    interfaces: vfs.map((ofPf, index) => ({
      pciAddress: `0000:0${index}:00.0`,
      vendor: '8086',
      deviceId: '10c9',
      linkType: 'ETH',
      sriov: {
        totalVfs: 7,
        autoprobe: true,
        vfs: ofPf.map((vf, id) => ({ id, pciAddress: `v${id}`, vendor: '8086', deviceId: '10ca', ...vf })),
      },
    })),
  });
  const bound = { driver: 'igbvf' };

  it.each<[string, ObservedHost]>([
    ['a VF fewer', host([bound], [])],
    ['a VF with another driver', host([bound, { driver: 'vfio-pci' }], [])],
    ['a VF without a driver', host([bound, {}], [])],
    ['a VF with a vDPA device', host([bound, { ...bound, vdpa: [{ name: 'vdpa0' }] }], [])],
    ['a VF at another address', host([bound, { ...bound, pciAddress: 'other' }], [])],
    ['the VFs of one PF on another PF', host([], [bound, bound])],
  ])('differ by %s', (_, other) => expect(vfPortrait(other)).not.toBe(vfPortrait(host([bound, bound], []))));

  it('do not differ by a MAC address', () =>
    expect(vfPortrait(host([bound, { ...bound, adminMac: '02:00:00:00:00:01' }], []))).toBe(
      vfPortrait(host([bound, bound], [])),
    ));
});
