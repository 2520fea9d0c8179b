import { SYNC_STATUS } from '@sriov/api';
import { failuresOf, type RebootReason, type StepFailure, type StepName, type Verdict } from '@sriov/node-plan';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { type Metrics } from '@sriov/runtime';
import { type KernelVerb } from './blocked-calls/follow-calls.ts';
import { Drift, type PassForDrift } from './status/drift.ts';

/** What the daemon counts of its work on the host. */
export interface NodeMetrics {
  stepEnded(about: StepName, end: { readonly seconds: number; readonly failure: StepFailure | undefined }): void;
  /** A pass has ended. `observed` is absent when the host could not be looked at. */
  judged(observed: ObservedHost | undefined, verdict: Verdict, now: number): void;
  /** What waits for a reboot at the end of a pass. */
  waitsForReboot(reasons?: readonly RebootReason[]): void;
  /** A pass has looked at the host to its end, so that it can be told whether the host had drifted. */
  looked(pass: PassForDrift): void;
}

/**
 * Registers the metrics of the node. Call this once per process. The label `pf` is always the PCI address, which stays
 * when the interface is renamed or gone; it is empty for what concerns the node as a whole.
 */
export function createNodeMetrics(metrics: Metrics): NodeMetrics {
  const steps = metrics.counter('sriov_node_steps_total', 'Steps done to the host, by PF, step and outcome', [
    'pf',
    'step',
    'outcome',
  ]);
  const durations = metrics.histogram('sriov_node_step_duration_seconds', 'Duration of a step', ['step']);
  const failures = metrics.counter('sriov_node_failures_total', 'Passes that ended in a failure, by reason', [
    'reason',
  ]);
  const failing = metrics.gauge('sriov_node_failing', 'Failures at the last look, by PF and reason', ['pf', 'reason']);
  const inSync = metrics.gauge('sriov_node_in_sync', '1 when the host was as the spec wants it at the last look');
  const success = metrics.gauge(
    'sriov_node_last_success_timestamp_seconds',
    'When the host was last found as the spec wants it, seconds since the epoch',
  );
  const vfs = metrics.gauge('sriov_node_virtual_functions', 'VFs of a PF', ['pf']);
  const possible = metrics.gauge('sriov_node_virtual_functions_possible', 'VFs that a PF can have', ['pf']);
  const reboots = metrics.gauge(
    'sriov_node_reboot_needed',
    '1 for each thing that waits for a reboot, by PF and kind',
    ['pf', 'kind'],
  );
  const showESwitches = createESwitchMetrics(metrics);
  return {
    waitsForReboot(reasons = []) {
      reboots.reset();
      for (const { pciAddress: pf = '', kind } of reasons) reboots.set({ pf, kind }, 1);
    },
    looked: countDrift(metrics),
    stepEnded({ pciAddress, kind }, { seconds, failure }) {
      steps.inc({ pf: pciAddress, step: kind, outcome: failure?.outcome ?? 'done' });
      durations.observe({ step: kind }, seconds);
    },
    judged(observed, verdict, now) {
      const { syncStatus, reason } = verdict;
      const isInSync = syncStatus === SYNC_STATUS.succeeded;
      inSync.set(isInSync ? 1 : 0);
      if (isInSync) success.set(Math.floor(now / 1000));
      if (syncStatus === SYNC_STATUS.failed) failures.inc({ reason });
      failing.reset();
      for (const failure of failuresOf(verdict)) {
        failing.inc({ pf: failure.pciAddress ?? '', reason: failure.reason });
      }
      if (observed === undefined) return;
      showESwitches(observed.interfaces);
      // A PF that is gone must not stay.
      vfs.reset();
      possible.reset();
      for (const { pciAddress, sriov } of observed.interfaces) {
        if (sriov === undefined) continue;
        vfs.set({ pf: pciAddress }, sriov.vfs.length);
        possible.set({ pf: pciAddress }, sriov.totalVfs);
      }
    },
  };
}

/** @returns what takes the PFs of each look */
function createESwitchMetrics(metrics: Metrics): (pfs: readonly ObservedPf[]) => void {
  const info = metrics.gauge('sriov_node_eswitch_info', 'Always 1: the eSwitch of a PF, as the last look showed it', [
    ...['pf', 'mode', 'inline_mode', 'encap_mode', 'hw_tc_offload', 'flow_steering_mode'],
  ]);
  return (pfs) => {
    info.reset();
    for (const { pciAddress, eSwitchMode, eSwitchHeaders = {}, offload = {} } of pfs) {
      if (eSwitchMode === undefined) continue;
      info.set(
        {
          pf: pciAddress,
          mode: eSwitchMode,
          inline_mode: eSwitchHeaders.inlineMode ?? '',
          encap_mode: eSwitchHeaders.encapMode ?? '',
          hw_tc_offload: offload.tc ?? '',
          flow_steering_mode: offload.steering?.mode ?? '',
        },
        1,
      );
    }
  };
}

/** @returns what takes each pass that has looked at the host to its end */
function countDrift(metrics: Metrics): NodeMetrics['looked'] {
  const drift = new Drift();
  const found = metrics.counter(
    'sriov_node_drift_found_total',
    'Times when the host was no longer as its spec wants it although the spec was the same',
  );
  const repaired = metrics.counter('sriov_node_drift_repaired_total', 'Times when drift was repaired');
  const drifted = metrics.gauge(
    'sriov_node_drifted',
    '1 while the host is no longer as its spec wants it although the spec is the same',
  );
  return (pass) => {
    const { isFound, isRepaired } = drift.passed(pass);
    found.inc(isFound ? 1 : 0);
    repaired.inc(isRepaired ? 1 : 0);
    drifted.set(drift.isDrifted ? 1 : 0);
  };
}

/** Registers the count of calls of the host. @returns what counts one, by its verb. */
export function createCallMetrics(metrics: Metrics): (verb: KernelVerb) => void {
  const calls = metrics.counter(
    'sriov_node_host_calls_total',
    'Calls of the kernel and of programs of the host, by kind',
    ['kind'],
  );
  return (kind) => calls.inc({ kind });
}
