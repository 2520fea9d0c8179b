import { type DesiredInterface, REASON } from '@sriov/api';
import { findUnseenCard } from './card.ts';
import { type HostFacts } from './host-facts.ts';
import { type HostIndex, isIn, notFound } from './host-index.ts';
import { problemOf } from './pf-rules.ts';
import { type PfResult } from './plan-pf.ts';
import { planPortReset } from './plan-port.ts';
import { planReset, type ResetCase } from './plan-reset.ts';
import { isUserSpaceDriver } from './plan-vf.ts';

/** PFs of ours that the spec has no entry for. */
export interface Unwanted {
  readonly results: readonly PfResult[];
  /** Nothing keeps these from being given back. */
  readonly givenBack: readonly string[];
  /** Of those, the ones with nothing of ours on them. */
  readonly released: readonly string[];
}

/** Plans the PFs of ours that the spec has no entry for. */
export function planAllUnwanted(facts: HostFacts, host: HostIndex): Unwanted {
  const isWanted = isIn(facts.spec);
  const unwanted = [...facts.owned].filter(([pciAddress]) => !isWanted(pciAddress));
  const planned = unwanted.map(
    ([pciAddress, entry]) => [pciAddress, planUnwanted(facts, { ...entry, pciAddress }, host)] as const,
  );
  const givenBack = planned.filter(([, { problems }]) => problems.length === 0);
  return {
    results: planned.map(([, result]) => result),
    givenBack: givenBack.map(([pciAddress]) => pciAddress),
    released: givenBack.flatMap(([pciAddress, { plan }]) => (plan === undefined ? [pciAddress] : [])),
  };
}

/**
 * VFs that someone else manages stay. Ours are removed if the spec was planned by someone who had seen the PF. A PF
 * that is gone took its VFs with it, but one that could not be looked at may still have them.
 */
function planUnwanted(facts: HostFacts, entry: DesiredInterface, host: HostIndex): PfResult {
  const { initial, allowHostInterfaces, blocked, plannedFrom } = facts;
  const observed = host.pfs.get(entry.pciAddress);
  const isExternal = entry.externallyManaged === true;
  if (observed === undefined) {
    return { problems: !isExternal && host.problems.has(entry.pciAddress) ? [notFound(entry, host)] : [] };
  }
  if (plannedFrom?.has(entry.pciAddress) !== true)
    return { problems: [problemOf(observed, REASON.notPlannedYet, UNSEEN)] };
  if (isExternal) return { problems: [] };
  const waiting = blocked.get(entry.pciAddress);
  if (waiting !== undefined) return { problems: [problemOf(observed, REASON.blocked, waiting)] };
  const unseen = findUnseenCard(facts.cards?.get(entry.pciAddress), observed);
  if (unseen) return { problems: [unseen] };
  return planWayBack({ observed, initial: initial.get(entry.pciAddress), allowHostInterfaces });
}

function planWayBack(pf: ResetCase): PfResult {
  const { observed, initial } = pf;
  if (observed.port !== undefined) return planPortReset(observed, initial);
  if (observed.sriov === undefined && isUserSpaceDriver(observed.driver)) {
    return { problems: [problemOf(observed, REASON.interfaceUnreadable, LOST_PORT)] };
  }
  return planReset(pf);
}

/** Otherwise nobody would know any more that it has to get its kernel driver back. */
const LOST_PORT =
  'it has no SR-IOV capability and no network interface, and its network is not known, so nobody knows whether it is a port that the operator has bound: unbind its driver, or let the daemon read the metadata of the platform';

const UNSEEN =
  'the spec has no entry of it, and was planned before the PF was reported: it is left as it is until the policy controller has seen it';
