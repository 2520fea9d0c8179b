import { type DesiredInterface } from '@sriov/api';
import { type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { type UdevPlan } from '../planning/steps.ts';
import { pfTitle } from '../words/pf-title.ts';

/** Representors to name, and what people should know. */
export interface NamesResult {
  readonly plans: readonly UdevPlan[];
  readonly warnings: readonly string[];
}

/** Longest name of an interface (IFNAMSIZ of Linux without the byte at its end). */
const LONGEST_NAME = 15;

/**
 * Plans the names of representors, `<PF>_<VF>`, where they have others. A name that is too long for an interface, or
 * that udev does not give, becomes an alternative name, by which the kernel and its tools find the interface as well.
 * @param byUdev udev reads the rule that names them
 */
export function planNames(
  entry: DesiredInterface,
  pf: ObservedPf,
  { byUdev, linkNames = new Set() }: { readonly byUdev: boolean } & Pick<ObservedHost, 'linkNames'>,
): NamesResult {
  const name = pf.link?.name;
  if (entry.eSwitchMode !== 'switchdev' || entry.externallyManaged === true || name === undefined) return NOTHING;
  const unnamed = (pf.sriov?.vfs ?? []).filter((vf) => vf.representor !== undefined && !hasName(vf, nameOf(name, vf)));
  const isTaken = (vf: ObservedVf): boolean => linkNames.has(nameOf(name, vf));
  const place = { pciAddress: pf.pciAddress, name };
  const free = unnamed.filter((vf) => !isTaken(vf));
  const [short, long] = [free.filter((vf) => fits(nameOf(name, vf))), free.filter((vf) => !fits(nameOf(name, vf)))];
  const groups = byUdev ? [named(short, name, true), named(long, name, false)] : [named(free, name, false)];
  return {
    plans: groups.flatMap((step) =>
      step.names.size === 0 ? [] : [{ pf: place, because: ['representors are not named after the PF'], step }],
    ),
    warnings: unnamed
      .filter(isTaken)
      .map(
        (vf) =>
          `${pfTitle(place)}: the representor ${vf.representor} of VF ${vf.id} is not named ${nameOf(name, vf)}, because another interface has that name`,
      ),
  };
}

const NOTHING: NamesResult = { plans: [], warnings: [] };

const nameOf = (pfName: string, { id }: ObservedVf): string => `${pfName}_${id}`;

const fits = (name: string): boolean => name.length <= LONGEST_NAME;

function hasName({ representor, representorAltNames = [] }: ObservedVf, name: string): boolean {
  return representor === name || representorAltNames.includes(name);
}

function named(
  vfs: readonly ObservedVf[],
  pfName: string,
  byUdev: boolean,
): Extract<UdevPlan['step'], { kind: 'name-representors' }> {
  return { kind: 'name-representors', names: new Map(vfs.map((vf) => [vf.id, nameOf(pfName, vf)])), byUdev };
}
