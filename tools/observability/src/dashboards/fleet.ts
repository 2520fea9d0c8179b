import { NODE_ROWS } from './fleet-nodes.ts';
import { SERVICE_ROWS } from './fleet-services.ts';
import { type DashboardSpec } from './panel.ts';

/** All nodes, and the services of the cluster side. */
export const FLEET: DashboardSpec = {
  uid: 'sriov-operator-fleet',
  title: 'SR-IOV operator / Fleet',
  description: 'How all nodes are, what of the policies is not in force, and how the services do.',
  rows: [...NODE_ROWS, ...SERVICE_ROWS],
  isOfNode: false,
};
