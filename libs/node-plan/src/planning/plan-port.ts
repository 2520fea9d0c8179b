import { type DesiredInterface, REASON } from '@sriov/api';
import { findRefusal } from '@sriov/node-limits';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { groupOf, readGroups } from './desired.ts';
import { factsOfHost } from './facts-of-host.ts';
import { holderOf } from './in-use.ts';
import { identityOf, problemOf, vfsOf } from './pf-rules.ts';
import { type InitialPf, type PfResult } from './plan-pf.ts';
import { DEFAULT_DRIVER, DEFAULT_MTU, isUserSpaceDriver } from './plan-vf.ts';
import { type VfStep } from './steps.ts';

/** What has to happen to a port, and why. */
interface Change {
  readonly steps: readonly VfStep[];
  readonly because: readonly string[];
}

/**
 * Plans a port of a virtual machine: its driver and its MTU, which are all that it has. The host's own ports are in use,
 * and so they are left alone whatever the settings say: without them the node would be gone.
 */
export function planPort(desired: DesiredInterface, observed: ObservedPf): PfResult {
  const refusal = findRefusal(desired, factsOfHost(observed));
  if (refusal) return { problems: [problemOf(observed, refusal.reason, refusal.message)] };
  const groups = readGroups(desired);
  if (typeof groups === 'string') return { problems: [problemOf(observed, REASON.specInvalid, groups)] };
  const group = groupOf(groups, 0);
  if (group === undefined) return { problems: [] };
  const driver = wantedDriver(observed, group.userSpaceDriver);
  const change = joined(bound(observed, driver), sized(observed, { mtu: group.mtu, driver }));
  return resultOf(observed, change);
}

/** Plans the way back for a port that the operator configured and that the spec no longer has. */
export function planPortReset(observed: ObservedPf, initial: InitialPf | undefined): PfResult {
  // One that ended between the two steps has left it without a driver.
  const driver = wantedDriver(observed, undefined);
  const change = joined(
    bound(observed, driver),
    driver === undefined ? sized(observed, { mtu: initial?.mtu }) : NOTHING,
  );
  return resultOf(observed, { ...change, because: ['no policy selects the port any more'] });
}

const NOTHING: Change = { steps: [], because: [] };

function joined(a: Change, b: Change): Change {
  return { steps: [...a.steps, ...b.steps], because: [...a.because, ...b.because] };
}

/** The driver to bind, or nothing when the bound one will do. */
function wantedDriver({ driver }: ObservedPf, userSpaceDriver: string | undefined): string | undefined {
  if (userSpaceDriver !== undefined) return driver === userSpaceDriver ? undefined : userSpaceDriver;
  return driver !== undefined && !isUserSpaceDriver(driver) ? undefined : DEFAULT_DRIVER;
}

function bound({ driver: present }: ObservedPf, driver: string | undefined): Change {
  if (driver === undefined) return NOTHING;
  const unbind: VfStep[] = present === undefined ? [] : [{ kind: 'unbind-vf' }];
  const has = present === undefined ? 'no driver' : `driver ${present}`;
  const wanted = driver === DEFAULT_DRIVER ? 'its kernel driver' : driver;
  return { steps: [...unbind, { kind: 'bind-vf', driver }], because: [`the port has ${has}, not ${wanted}`] };
}

/** What the platform gives as MTU is not known before the kernel driver is bound. */
function sized(
  { link }: ObservedPf,
  { mtu, driver }: { readonly mtu: number | undefined; readonly driver?: string | undefined },
): Change {
  if (mtu === undefined || (driver !== undefined && driver !== DEFAULT_DRIVER)) return NOTHING;
  const present = driver === DEFAULT_DRIVER ? DEFAULT_MTU : link?.mtu;
  if (present === undefined || present === mtu) return NOTHING;
  return {
    steps: [{ kind: 'set-vf-mtu', mtu }],
    because: driver === undefined ? [`the port has MTU ${present}, not ${mtu}`] : [],
  };
}

function resultOf(observed: ObservedPf, { steps, because }: Change): PfResult {
  if (steps.length === 0) return { problems: [] };
  const holder = holderOf(portOf(observed));
  if (holder !== undefined) {
    const message = `${because[0]}, and it is in use by ${holder}: it is left alone until it is free`;
    return { problems: [problemOf(observed, REASON.vfInUse, message)] };
  }
  const plan = {
    ...identityOf(observed),
    isPort: true as const,
    because,
    before: [],
    vfs: [{ id: 0, steps }],
    after: [],
  };
  return { plan, problems: [] };
}

function portOf(observed: ObservedPf): Pick<ObservedVf, 'uses'> {
  return vfsOf(observed)[0] ?? observed;
}
