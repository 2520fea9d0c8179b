import { type NodePolicySpec } from '@sriov/api';

/** Fields of which a resource has one value on a node, whatever the number of its policies. */
const SINGLE_FIELDS = ['isRdma', 'needVhostNet', 'vdpaType', 'excludeTopology'] as const;

/** A field of policies in which those of one resource have to agree. */
export type SingleField = (typeof SINGLE_FIELDS)[number];

/**
 * The fields in which two policies contradict each other. It matters only where they have the same resource name and
 * each has a PF on the same node: every other node serves the one that it has.
 */
export function findDisagreements(a: NodePolicySpec, b: NodePolicySpec): SingleField[] {
  return SINGLE_FIELDS.filter((field) => (a[field] || undefined) !== (b[field] || undefined));
}
