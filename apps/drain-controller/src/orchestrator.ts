import { type Reason } from '@sriov/api';

/**
 * Whoever else drains and reboots the nodes of the cluster, such as the machine config operator of OpenShift. It must
 * not do so while we drain or reboot one.
 */
export interface Orchestrator {
  /**
   * Makes it leave the node alone. @returns why the drain of the node must not go on yet; nothing where it may
   * @throws {ApiError} 409 when what it was planned from has changed since
   */
  hold(node: string): Promise<NotHeld | undefined>;
}

/** Why the drain of a node must not go on. */
export interface NotHeld {
  readonly reason: Reason;
  readonly message: string;
  /** No event tells when it may: look again after this time, in ms. Absent where one does. */
  readonly lookAgainMs?: number;
}
