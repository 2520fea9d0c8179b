import { type NodePolicySpec } from '@sriov/api';

/** Fields that have one value per resource and node, however many policies the resource has. */
const SINGLE_FIELDS = ['isRdma', 'needVhostNet', 'vdpaType', 'excludeTopology'] as const;

/** A field in which the policies of one resource have to agree. */
export type SingleField = (typeof SINGLE_FIELDS)[number];

/**
 * The fields in which two policies contradict each other. That matters only if they have the same resource name and
 * each of them has a PF on the same node: a node with PFs of one of them serves that one.
 */
export function findDisagreements(a: NodePolicySpec, b: NodePolicySpec): SingleField[] {
  return SINGLE_FIELDS.filter((field) => (a[field] || undefined) !== (b[field] || undefined));
}
