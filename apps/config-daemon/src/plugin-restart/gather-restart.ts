import { ANNOTATION, readPlannedFrom, type SriovNetworkNodeState } from '@sriov/api';
import { type HostFacts, type HostPlan } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import {
  changesVfs,
  type ForeseenFacts,
  type HostEnd,
  type RestartFacts,
  unsettledPfs,
  vfChanges,
  vfPortrait,
} from '@sriov/plugin-restart';
import { type OnStep } from '../steps/attempt.ts';
import { type Told } from '../device-plugin/sync-plugins.ts';

/** How a pass over the host has ended, as far as the device plugin is concerned. */
export interface PassEnd extends HostEnd {
  readonly plugin: Pick<RestartFacts, 'before' | 'now' | 'hasChangedVfs'> & {
    /** What a device plugin of ours has said. */
    readonly told: Pick<Told, 'kind'>;
  };
}

/**
 * What bears on a restart after a pass. `nodeState` is the one that the pass worked for, `cached` the newest. A spec
 * that came meanwhile is next: one restart will do for both.
 */
export function gatherRestart(
  end: PassEnd,
  { nodeState, cached }: { readonly nodeState: SriovNetworkNodeState; readonly cached: SriovNetworkNodeState },
): RestartFacts {
  const { told, ...record } = end.plugin;
  // A plugin that does not answer may be one that need not be restarted.
  const isWaiting = !isSameSpec(cached, nodeState) || told.kind === 'silent';
  return {
    ...record,
    configHash: configHashOf(cached, nodeState),
    unsettled: [...unsettledPfs(end), ...(isWaiting ? [''] : [])],
    learns: told.kind === 'answered',
  };
}

/** What bears on a restart before a plan is carried out. */
export function gatherForeseen(
  nodeState: SriovNetworkNodeState,
  look: Pick<ForeseenFacts, 'record' | 'learns'> & { readonly facts: HostFacts; readonly plan: HostPlan },
): ForeseenFacts {
  const { facts, plan, record, learns } = look;
  const { observed } = facts;
  return {
    record,
    learns,
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
