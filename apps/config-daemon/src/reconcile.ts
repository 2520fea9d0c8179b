import { REASON, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { hasFailed, type IommuPreset, isPatientWith, nextLook, NO_ATTEMPTS } from '@sriov/node-plan';
import { Blockages } from './blocked-calls/blockages.ts';
import { type KeepBootService } from './boot-service/keep-boot-service.ts';
import { converge } from './converge.ts';
import { type PassDrain } from './draining/drains.ts';
import { type HostPorts, readFurtherFirmware, type Wanted, wishOf } from './gather.ts';
import { asUnreadable, HostUnreadableError } from './host-unreadable-error.ts';
import { type JudgePorts, judgeGoingDown, judgePass, judgeUnreadable, type JudgedPass } from './judge-pass.ts';
import { Rebooter } from './reboot/rebooter.ts';
import { HeldRdmaMode } from './steps/held-rdma-mode.ts';
import { RefusedModes } from './steps/refused-modes.ts';
import { RefusedOffloads } from './steps/refused-offloads.ts';
import { Progress } from './status/progress.ts';

/** What reconciling the node works with. */
export interface ReconcileContext extends JudgePorts {
  readonly host: HostPorts;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly allowHostInterfaces: boolean;
  /** Begins the part of a pass that is about the drain of the node. */
  readonly beginDrain: (nodeState: SriovNetworkNodeState) => PassDrain;
  /** Absent where the boot service is left as it is. */
  readonly keepBootService?: KeepBootService;
  /** Asks the API server whether the node may still be rebooted. */
  readonly isRebootGranted: () => Promise<boolean>;
  /** Whether firmware is started anew on the way to a reboot. */
  readonly resetsFirmware: () => boolean;
  /** See the settings. */
  readonly iommu: IommuPreset;
  readonly maxReboots: number;
}

/** It comes from the policy controller, for each node that the operator manages. */
const NO_NODE_STATE = done(
  REASON.noNodeState,
  'the node has no SriovNetworkNodeState: nothing is done until the policy controller makes one',
);

/** Makes the reconciler: it makes the host equal to the node state's spec, as far as can be, and reports what is. */
export function createReconciler(context: ReconcileContext): () => Promise<Outcome> {
  const { clock, log, wake } = context;
  const blockages = new Blockages({ clock, onRelease: wake });
  const heldRdmaMode = new HeldRdmaMode();
  const refusedOffloads = new RefusedOffloads();
  const refusedModes = new RefusedModes();
  const rebooter = new Rebooter(context);
  let attempts = NO_ATTEMPTS;
  let isWaiting = false;
  return async () => {
    const nodeState = context.getNodeState();
    if (nodeState === undefined) {
      if (!isWaiting) log.info({ reason: NO_NODE_STATE.reason }, NO_NODE_STATE.message);
      isWaiting = true;
      return NO_NODE_STATE;
    }
    isWaiting = false;
    const beyond = { blockages, heldRdmaMode, refusedOffloads, refusedModes, rebooter };
    const pass = await reconcile(context, nodeState, beyond);
    const look = nextLook(attempts, { ...pass, generation: nodeState.metadata.generation });
    attempts = look.attempts;
    return { ...look.next, reason: pass.verdict.reason, message: pass.verdict.message };
  };
}

/** What goes on beyond a pass: what the kernel has refused or not answered, and a reboot. */
interface Beyond {
  readonly blockages: Blockages;
  readonly heldRdmaMode: HeldRdmaMode;
  readonly refusedOffloads: RefusedOffloads;
  readonly refusedModes: RefusedModes;
  readonly rebooter: Rebooter;
}

async function reconcile(
  context: ReconcileContext,
  nodeState: SriovNetworkNodeState,
  { blockages, rebooter, ...refusals }: Beyond,
): Promise<JudgedPass> {
  const { host, allowHostInterfaces, iommu, maxReboots } = context;
  const goingDown = await rebooter.goingDown();
  if (goingDown !== undefined) return judgeGoingDown(context, nodeState, goingDown);
  const progress = new Progress({
    ...context,
    report: (pass) => context.status.write(nodeState, pass),
    isRetry: hasFailed(nodeState),
    onFailure: (failure) => {
      blockages.add(failure);
      refusals.heldRdmaMode.add(failure);
    },
  });
  const { end: endDrain, ...granted } = context.beginDrain(nodeState);
  if (granted.mayDisturb === 'reboot') refusals.heldRdmaMode.forget();
  const settings = { allowHostInterfaces, iommu, maxReboots };
  const refused = { blocked: blockages.sentences, ...refusals };
  // A boot can lose what firmware has now, so all of it is read before one.
  const needsNoFirmware = granted.mayDisturb !== 'reboot';
  const wanted: Wanted = { ...wishOf(nodeState), ...granted, ...settings, ...refused, needsNoFirmware };
  const end = await converge(host, wanted, progress).catch(asUnreadable);
  await progress.end();
  if (end instanceof HostUnreadableError) {
    await endDrain('unreadable');
    return judgeUnreadable(context, nodeState, end);
  }
  const waits = await endDrain({ ...end, isGoingDown: rebooter.isGoingDown });
  // Before a reboot, whose boot is to make what is wanted now.
  const bootService = await context.keepBootService?.({ end, wanted });
  const rebooting = await rebooter.rebootIfDue(end, wanted);
  const pass = { ...end, waits, rebooting, bootService, isPatient: isPatientWith(blockages.longestMs) };
  const judged = await judgePass(context, nodeState, pass);
  if (judged.verdict.syncStatus === SYNC_STATUS.succeeded) await rebooter.settled();
  // Whoever waits for the VFs does not wait for the firmware.
  if (needsNoFirmware && (await readFurtherFirmware(host, end.rest))) context.wake();
  return judged;
}
