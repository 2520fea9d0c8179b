import { formatVfIds } from '@sriov/node-plan';
import { type ObservedDevice } from '@sriov/observed-host';
import { type HeldBack, type HeldBackReason } from '@sriov/plugin-handover';
import { listSome } from '@sriov/words';

/** One device that is not offered. */
export interface HeldDevice {
  readonly resource: string;
  readonly id: string;
  readonly device?: ObservedDevice;
  readonly reason: HeldBackReason;
  readonly cause: string;
}

/** Puts devices of a resource with the same reason and cause together: one sentence for each group. */
export function groupHeldBack(held: readonly HeldDevice[]): HeldBack[] {
  const groups = new Map<string, HeldDevice[]>();
  for (const each of held) {
    const key = JSON.stringify([each.resource, each.reason, each.cause]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map(({ resource, reason, cause }) => ({
      ...{ resource, reason, devices: group.map(({ id }) => id) },
      message: `${resource}: ${nameDevices(group)} not offered: ${cause}`,
    })),
  );
}

/** VFs by their PF and indexes, all others by their ids. */
function nameDevices(group: readonly HeldDevice[]): string {
  const byPf = new Map<string, number[]>();
  const others: string[] = [];
  for (const { id, device } of group) {
    const { name, index } = device?.parent ?? {};
    if (device?.kind !== 'net' || name === undefined || index === undefined) others.push(id);
    else byPf.set(name, [...(byPf.get(name) ?? []), index]);
  }
  const vfs = [...byPf].map(([name, ids]) => `${name} VF ${formatVfIds(ids.sort((a, b) => a - b))}`);
  return `${listSome([...vfs, ...others])} ${group.length === 1 ? 'is' : 'are'}`;
}
