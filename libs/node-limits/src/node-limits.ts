import { type Refusal, unsupported } from './refusal.ts';

/** Whether each RDMA device of a node belongs to one network namespace (exclusive) or to all (shared). */
export type RdmaMode = 'shared' | 'exclusive';

/** Why the node does not get the RDMA mode. The kernel starts as shared. A node without RDMA reports no mode. */
export function findRdmaRefusal(wanted: RdmaMode | undefined, present: RdmaMode | undefined): Refusal | undefined {
  const mode = present ?? 'shared';
  if (wanted === undefined || wanted === mode) return undefined;
  const options = `options ib_core netns_mode=${wanted === 'shared' ? 1 : 0}`;
  return unsupported(
    `RDMA mode ${wanted} is wanted, and this version cannot change ${mode}: write "${options}" to a file of /etc/modprobe.d on the node, and reboot it`,
  );
}
