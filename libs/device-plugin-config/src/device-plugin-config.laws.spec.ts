import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type ObservedInterface, parseVfRange, rangeContains } from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import fc from 'fast-check';
import { plan, type TestPlan } from './test/plan.ts';
import { readResources, type WrittenSelectors } from './test/read-resources.ts';

/** A device as the device plugin finds it: a VF, or a NIC that has none. */
interface Device {
  readonly name: string;
  readonly vendor: string;
  readonly device: string;
  readonly pf?: { readonly name: string; readonly address: string; readonly index: number };
}

/** PFs that differ in vendor, model and name; `vfDevice` is what their VFs are, whether or not anybody knows. */
const models = fc.constantFrom(
  { vendor: '8086', deviceID: '1592', vfDevice: '1889' },
  { vendor: '8086', deviceID: '159b', vfDevice: '1889' },
  { vendor: '8086', deviceID: '158b', vfDevice: '154c' },
  { vendor: '8086', deviceID: '15e4', vfDevice: '15e5' },
  { vendor: '8086', deviceID: '15e6', vfDevice: '1889' },
  { vendor: '15b3', deviceID: '101d', vfDevice: '101e' },
  { vendor: '15b3', deviceID: 'a2dc', vfDevice: '101e' },
);
type Pf = ObservedInterface & { readonly vfDevice: string };
const pfs: fc.Arbitrary<Pf[]> = fc
  .array(fc.record({ model: models, totalvfs: fc.constantFrom(0, 16, 16, 16), standing: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map(({ model, totalvfs, standing }, index) => ({
      ...nic(`ens${index}`, `0000:0${index}:00.0`, { ...model, totalvfs, altNames: [`alt${index}`] }),
      vfDevice: model.vfDevice,
      Vfs:
        standing && totalvfs > 0
          ? [{ vfID: 0, pciAddress: `0000:0${index}:01.0`, vendor: model.vendor, deviceID: model.vfDevice }]
          : [],
    })),
  );

const pfName = fc
  .tuple(fc.constantFrom('ens0', 'ens1', 'ens2', 'alt0', 'elsewhere'), fc.constantFrom('', '', '#0-1', '#2-3', '#6-7'))
  .map((parts) => parts.join(''));
const spec: fc.Arbitrary<Partial<NodePolicySpec>> = fc.record({
  priority: fc.nat(3),
  numVfs: fc.constantFrom(2, 8, 12, 20),
  resourceName: fc.constantFrom('a', 'b'),
  nicSelector: fc.record(
    {
      vendor: fc.constantFrom('8086', '15b3'),
      deviceID: fc.constantFrom('1592', '159b', '15e4', '15e6', '101d', 'a2dc', 'ffff'),
      pfNames: fc.array(pfName, { minLength: 1, maxLength: 3 }),
      rootDevices: fc.subarray(['0000:00:00.0', '0000:01:00.0', '0000:02:00.0'], { minLength: 1 }),
    },
    { requiredKeys: [] },
  ),
});
const policies = fc
  .array(spec, { minLength: 1, maxLength: 4 })
  .map((specs) => specs.map((each, index) => policy(`p${index}`, each)));

/** The devices once the plan is carried out. */
function devicesOf(interfaces: readonly Pf[], { spec: { interfaces: planned = [] } }: TestPlan): Device[] {
  return interfaces.flatMap(({ name = '', pciAddress, vendor = '', deviceID = '', vfDevice, Vfs = [] }): Device[] => {
    const numVfs = planned.find((each) => each.pciAddress === pciAddress)?.numVfs ?? Vfs.length;
    const vfs = Array.from({ length: numVfs }, (_, index) => ({
      name: `${name}#${index}`,
      vendor,
      device: vfDevice,
      pf: { name, address: pciAddress, index },
    }));
    return vfs.length > 0 ? vfs : [{ name, vendor, device: deviceID }];
  });
}

/** Devices, and how many entries for a PF count: the original looks at the first, the operator's at all. */
interface Host {
  readonly devices: readonly Device[];
  readonly entries: 'first' | 'all';
}

/** What a device plugin hands out as a resource, if no other one takes it before. */
function handedOut(text: string, resource: string, { devices, entries }: Host): string[] {
  const sets = readResources(text).filter(({ resourceName }) => resourceName === resource);
  return devices
    .filter((device) => sets.some(({ selectors }) => [selectors].flat().some((each) => fits(each, device, entries))))
    .map(({ name }) => name);
}

function fits(
  { vendors, devices, pfNames, rootDevices, pciAddresses }: WrittenSelectors,
  device: Device,
  entries: Host['entries'],
): boolean {
  const { pf } = device;
  const isBehind = (list: string[] | undefined, name: string | undefined): boolean =>
    list === undefined || (pf !== undefined && isListed(list, name ?? '', pf.index, entries));
  return [
    vendors?.includes(device.vendor) ?? true,
    devices?.includes(device.device) ?? true,
    pciAddresses === undefined,
    isBehind(pfNames, pf?.name),
    isBehind(rootDevices, pf?.address),
  ].every(Boolean);
}

function isListed(list: readonly string[], name: string, index: number, entries: Host['entries']): boolean {
  const named = list.map((entry) => entry.split('#')).filter(([each]) => each === name);
  const counting = entries === 'all' ? named : named.slice(0, 1);
  return counting.some(([, vfs]) => vfs === undefined || vfs.split(',').some((text) => isIn(text, index)));
}

function isIn(text: string, index: number): boolean {
  const range = parseVfRange(text);
  return range.ok && rangeContains(range.value, index);
}

/** The VFs that the plan gives to a resource. */
function groupsOf({ spec: { interfaces = [] } }: TestPlan, resource: string): string[] {
  return interfaces.flatMap(({ name, numVfs = 0, vfGroups = [] }) =>
    vfGroups
      .filter(({ resourceName }) => resourceName === resource)
      .flatMap(({ vfRange = '' }) =>
        Array.from({ length: numVfs }, (_, index) => index)
          .filter((index) => isIn(vfRange, index))
          .map((index) => `${name}#${index}`),
      ),
  );
}

/** PFs with VFs of which nobody knows whether a policy that is refused has made them: they stay as they are. */
function unknownPfs(interfaces: readonly Pf[], { spec, problems }: TestPlan): string[] {
  const planned = new Set((spec.interfaces ?? []).map(({ pciAddress }) => pciAddress));
  const standing = interfaces.filter(({ pciAddress, Vfs = [] }) => Vfs.length > 0 && !planned.has(pciAddress));
  return problems.length === 0 ? [] : standing.map(({ name = '' }) => name);
}

const RESOURCES = ['a', 'b'];

describe('laws of the device-plugin configuration', () => {
  it.each([
    ['the original device plugin, which looks at the first entry of a PF', 'first'],
    ["the operator's, which looks at all", 'all'],
  ] as const)('a resource has the VFs that the plan gives it, and nothing else, with %s', (_, entries) => {
    fc.assert(
      fc.property(pfs, policies, (interfaces, list) => {
        const planned = plan(list, { interfaces });
        const unknown = unknownPfs(interfaces, planned);
        const devices = devicesOf(interfaces, planned).filter(({ pf }) => !unknown.includes(pf?.name ?? ''));
        for (const resource of RESOURCES) {
          const given = handedOut(planned.devicePluginConfig, resource, { devices, entries });
          expect(given.sort()).toEqual(groupsOf(planned, resource).sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('what stands stays, as long as it is right', () => {
    fc.assert(
      fc.property(pfs, policies, policies, (interfaces, earlier, list) => {
        const before = plan(earlier, { interfaces });
        const once = plan(list, { interfaces, spec: before.spec, config: before.devicePluginConfig });
        const again = plan(list, { interfaces, spec: once.spec, config: once.devicePluginConfig });
        expect(again.devicePluginConfig).toBe(once.devicePluginConfig);
      }),
    );
  });
});
