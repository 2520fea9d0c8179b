import { REASON } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { isErrno, type Kernel, KernelError } from '@sriov/host';
import { mergeAnswers } from '@sriov/node-plan';
import { HANDOVER_FOLDER, isSyncSocket, type SyncAnswer, syncAnswerSchema, SYNC_METHOD } from '@sriov/plugin-handover';

/** Longest wait for the device plugin. It reads the host, and tells the kubelet. */
const SYNC_MS = 10_000;

/** How the operator's device plugin has answered. */
export type Told =
  /** None is there: no socket, or nobody behind it. The original one may be there, which cannot be asked. */
  | { readonly kind: 'absent' }
  /** All instances have answered. */
  | { readonly kind: 'answered'; readonly answer: SyncAnswer }
  /** Nobody knows what it offers; with a sentence that says why. */
  | {
      readonly kind: 'silent';
      /** One is there and does not answer, or not in a way that can be understood; or their folder is of no use. */
      readonly reason: (typeof REASON)['devicePluginSilent' | 'handoverFailed'];
      readonly cause: string;
    };

/**
 * Has all instances of the device plugin read the hand-over file, and tell the kubelet what they offer. Of an instance
 * that was killed only the socket is left, and the kubelet has forgotten what that offered. Never rejects.
 */
export async function syncPlugins(kernel: Pick<Kernel, 'list' | 'call'>): Promise<Told> {
  const sockets = await listSockets(kernel);
  if (typeof sockets === 'string') {
    const cause = `the sockets of the device plugin cannot be listed: ${sockets}`;
    return { kind: 'silent', reason: REASON.handoverFailed, cause };
  }
  const ends = await Promise.all(sockets.map((socket) => sync(kernel, socket)));
  const silent = ends.find((end) => end.kind === 'silent');
  if (silent) return silent;
  const answers = ends.flatMap((end) => (end.kind === 'answered' ? [end.answer] : []));
  const answer = mergeAnswers(answers);
  return answer === undefined ? { kind: 'absent' } : { kind: 'answered', answer };
}

/** The sockets of instances, or why nobody knows whether there are any. */
export async function listSockets(kernel: Pick<Kernel, 'list'>): Promise<string[] | string> {
  try {
    return (await kernel.list(HANDOVER_FOLDER)).filter(isSyncSocket).map((name) => `${HANDOVER_FOLDER}/${name}`);
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ENOTDIR') ? [] : messageOf(error);
  }
}

async function sync(kernel: Pick<Kernel, 'call'>, socket: string): Promise<Told> {
  try {
    const bytes = await kernel.call({ socket, method: SYNC_METHOD }, new Uint8Array(), { deadlineMs: SYNC_MS });
    const answer = syncAnswerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { kind: 'answered', answer };
  } catch (error) {
    if (isErrno(error, 'UNAVAILABLE')) return { kind: 'absent' };
    const cause = `the device plugin does not answer (${socket}: ${causeOf(error)})`;
    return { kind: 'silent', reason: REASON.devicePluginSilent, cause };
  }
}

function causeOf(error: unknown): string {
  if (isErrno(error, 'DEADLINE_EXCEEDED', 'EBLOCKED')) return `no answer within ${SYNC_MS / 1000} s`;
  return error instanceof KernelError ? error.message : 'its answer cannot be understood';
}
