import { describe, expect, it } from '@jest/globals';
import {
  type NodePolicySpec,
  type ObservedInterface,
  parseVfRange,
  rangeContains,
  type SriovNetworkNodePolicy,
} from '@sriov/api';
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

/** What the device plugin hands out as a resource, if no other one takes it before. */
function handedOut(text: string, resource: string, devices: readonly Device[]): string[] {
  const sets = readResources(text).filter(({ resourceName }) => resourceName === resource);
  return devices
    .filter((device) => sets.some(({ selectors }) => [selectors].flat().some((each) => fits(each, device))))
    .map(({ name }) => name);
}

function fits({ vendors, devices, pfNames, rootDevices, pciAddresses }: WrittenSelectors, device: Device): boolean {
  const { pf } = device;
  const isBehind = (list: string[] | undefined, name: string | undefined): boolean =>
    list === undefined || (pf !== undefined && isListed(list, name ?? '', pf.index));
  return [
    vendors?.includes(device.vendor) ?? true,
    devices?.includes(device.device) ?? true,
    pciAddresses === undefined,
    isBehind(pfNames, pf?.name),
    isBehind(rootDevices, pf?.address),
  ].every(Boolean);
}

/** The first entry of that name decides. */
function isListed(list: readonly string[], name: string, index: number): boolean {
  const [, vfs] = list.map((entry) => entry.split('#')).find(([each]) => each === name) ?? ['', 'none'];
  return vfs?.split(',').some((text) => isIn(text, index)) ?? true;
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

/**
 * The VFs that policies of a resource mean by their own words, each planned alone: all of a PF where no VFs are named.
 */
function meantBy(
  list: readonly SriovNetworkNodePolicy[],
  interfaces: readonly Pf[],
  devices: readonly Device[],
): Set<string> {
  const meant = list.flatMap((each) => {
    const alone = plan([each], { interfaces });
    const named = each.spec?.nicSelector.pfNames?.some((entry) => entry.includes('#')) === true;
    const vfs = groupsOf(alone, each.spec?.resourceName ?? '');
    const names = new Set(vfs.map((vf) => vf.split('#')[0]));
    // Where a PF is named with a range and without one it is meant as a whole.
    const whole = devices.filter(
      ({ pf }) => pf && names.has(pf.name) && (!named || isWhole(each, pf.name, interfaces)),
    );
    return [...vfs, ...whole.map(({ name }) => name)];
  });
  return new Set(meant);
}

function isWhole({ spec: wanted }: SriovNetworkNodePolicy, pf: string, interfaces: readonly Pf[]): boolean {
  const names = [pf, ...(interfaces.find(({ name }) => name === pf)?.altNames ?? [])];
  return wanted?.nicSelector.pfNames?.some((entry) => names.includes(entry)) === true;
}

const RESOURCES = ['a', 'b'];

describe('laws of the device-plugin configuration', () => {
  it('a resource has no VF that its policies do not mean', () => {
    fc.assert(
      fc.property(pfs, policies, (interfaces, list) => {
        const planned = plan(list, { interfaces });
        const devices = devicesOf(interfaces, planned);
        for (const resource of RESOURCES) {
          const own = list.filter((each) => each.spec?.resourceName === resource);
          const isRefused = own.some((each) => plan([each], { interfaces }).problems.length > 0);
          const meant = meantBy(own, interfaces, devices);
          const surplus = handedOut(planned.devicePluginConfig, resource, devices).filter((name) => !meant.has(name));
          // What is refused on a PF means there what it meant before.
          if (!isRefused) expect(surplus).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a resource has every VF that the plan gives it', () => {
    fc.assert(
      fc.property(pfs, policies, (interfaces, list) => {
        const planned = plan(list, { interfaces });
        const devices = devicesOf(interfaces, planned);
        for (const resource of RESOURCES) {
          const given = new Set(handedOut(planned.devicePluginConfig, resource, devices));
          expect(groupsOf(planned, resource).filter((vf) => !given.has(vf))).toEqual([]);
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
