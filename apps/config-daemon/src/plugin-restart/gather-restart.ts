import { ANNOTATION, readPlannedFrom, type SriovNetworkNodeState } from '@sriov/api';
import { type HostFacts, type HostPlan } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import {
  changesVfs,
  type ForeseenFacts,
  type HostEnd,
  type PluginRecord,
  type RestartFacts,
  unsettledPfs,
  vfChanges,
  vfPortrait,
} from '@sriov/plugin-restart';
import { type OnStep } from '../apply.ts';

/** How a pass over the host has ended, as far as the device plugin is concerned. */
export interface PassEnd extends HostEnd {
  readonly plugin: Pick<RestartFacts, 'before' | 'now' | 'hasChangedVfs'>;
}

/**
 * What bears on a restart after a pass. `nodeState` is the one that the pass worked for, `cached` the newest. A spec
 * that came meanwhile is next: one restart will do for both.
 */
export function gatherRestart(
  end: PassEnd,
  { nodeState, cached }: { readonly nodeState: SriovNetworkNodeState; readonly cached: SriovNetworkNodeState },
): RestartFacts {
  const outdated = isSameSpec(cached, nodeState) ? [] : [''];
  return {
    ...end.plugin,
    configHash: configHashOf(cached, nodeState),
    unsettled: [...unsettledPfs(end), ...outdated],
  };
}

/** What bears on a restart before a plan is carried out. */
export function gatherForeseen(
  nodeState: SriovNetworkNodeState,
  look: { readonly facts: HostFacts; readonly plan: HostPlan; readonly record: PluginRecord },
): ForeseenFacts {
  const { facts, plan, record } = look;
  const { observed } = facts;
  return {
    record,
    because: vfChanges(plan, facts),
    configHash: configHashOf(nodeState),
    // What the plan does is done then. What it refuses stays.
    unsettled: unsettledPfs({ observed, rest: { pfs: [], problems: plan.problems }, failures: [] }),
  };
}

/**
 * The hash on the first node state that was planned. Any other does not say which configuration the device plugin
 * should have.
 */
function configHashOf(...nodeStates: readonly SriovNetworkNodeState[]): string | undefined {
  const planned = nodeStates.find((nodeState) => readPlannedFrom(nodeState) !== undefined);
  return planned?.metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
}

/** A node state that was deleted and made again can have the generation of the one before. */
function isSameSpec({ metadata: a }: SriovNetworkNodeState, { metadata: b }: SriovNetworkNodeState): boolean {
  return a.uid === b.uid && a.generation === b.generation;
}

/** Follows whether the steps of a pass change VFs. */
export interface VfWatch {
  readonly onStep: OnStep;
  /** Whether a VF has changed between the two looks, or may have: a call that is still in the kernel can change it. */
  haveChanged(first: ObservedHost, last: ObservedHost): boolean;
}

/** Follows the steps on their way to `onStep`. */
export function watchVfSteps(onStep: OnStep): VfWatch {
  let mayHaveChanged = false;
  return {
    haveChanged: (first, last) => mayHaveChanged || vfPortrait(first) !== vfPortrait(last),
    onStep: (about) => {
      const onEnd = onStep(about);
      return (failure) => {
        if (changesVfs(about) && (failure === undefined || failure.outcome === 'blocked')) mayHaveChanged = true;
        onEnd?.(failure);
      };
    },
  };
}
