import { changeBridge, detachUplink, type Kernel, makeBridge, removeBridge } from '@sriov/host';
import { type BridgePlan } from '@sriov/node-plan';

/** Does the step on a bridge. @throws what Open vSwitch says */
export function applyBridgeStep(kernel: Kernel, { name, step }: BridgePlan): Promise<void> {
  switch (step.kind) {
    case 'make-bridge':
      return makeBridge(kernel, step);
    case 'change-bridge':
      return changeBridge(kernel, step);
    case 'detach-uplink':
      return detachUplink(kernel, name, step);
    case 'remove-bridge':
      return removeBridge(kernel, name, step.ports);
  }
}
