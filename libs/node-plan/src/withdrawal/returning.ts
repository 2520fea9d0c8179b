import { type NodeStateSpec, parseVfRange, rangeContains } from '@sriov/api';
import { type ObservedHost, type ObservedVf } from '@sriov/observed-host';
import { type Returning, type Withdrawal } from '@sriov/plugin-handover';
import { withdrawnDevices } from './withdrawals.ts';

/** What decides whether withdrawn VFs return. */
export interface ReturningFacts {
  readonly withdrawn: readonly Withdrawal[];
  readonly spec: NodeStateSpec;
  readonly observed: Pick<ObservedHost, 'interfaces'>;
}

/** The withdrawn VFs of the host that the spec has as well, by the resource that it gives them to. */
export function returningVfs({ withdrawn, spec, observed }: ReturningFacts): Returning[] {
  const byResource = new Map<string, string[]>();
  for (const [pciAddress, pf] of withdrawnDevices(withdrawn, observed)) {
    const id = vfsOf(observed, pf).find((vf) => vf.pciAddress === pciAddress)?.id;
    const resource = id === undefined ? undefined : resourceOf(spec, pf, id);
    if (resource !== undefined) byResource.set(resource, [...(byResource.get(resource) ?? []), pciAddress]);
  }
  return [...byResource].map(([resource, devices]) => ({ resource, devices }));
}

/** Both, with one entry per resource, and each VF in the later one of its resources. */
export function joinReturning(earlier: readonly Returning[], later: readonly Returning[]): Returning[] {
  const byVf = new Map(
    [...earlier, ...later].flatMap(({ resource, devices }) => devices.map((id) => [id, resource] as const)),
  );
  const resources = [...new Set(byVf.values())];
  return resources.map((resource) => ({
    resource,
    devices: [...byVf.keys()].filter((id) => byVf.get(id) === resource),
  }));
}

function vfsOf({ interfaces }: ReturningFacts['observed'], pf: string): readonly ObservedVf[] {
  return interfaces.find(({ pciAddress }) => pciAddress === pf)?.sriov?.vfs ?? [];
}

function resourceOf({ interfaces = [] }: NodeStateSpec, pf: string, id: number): string | undefined {
  const desired = interfaces.find(({ pciAddress }) => pciAddress === pf);
  if (id >= (desired?.numVfs ?? 0)) return undefined;
  return desired?.vfGroups?.find(({ vfRange }) => contains(vfRange ?? '', id))?.resourceName;
}

function contains(vfRange: string, id: number): boolean {
  const range = parseVfRange(vfRange);
  return range.ok && rangeContains(range.value, id);
}
