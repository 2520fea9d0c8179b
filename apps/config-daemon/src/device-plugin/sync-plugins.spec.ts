import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@sriov/host';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { syncPlugins, type Told } from './sync-plugins.ts';

const answer: SyncAnswer = { resources: [], heldBack: [], configProblems: [], held: [], allocating: [] };
const text = (value: unknown): string => JSON.stringify(value);
const refusal = (code: string): KernelError => new KernelError({ verb: 'call', path: 'x', code });

/** What is behind each name in the folder: a text or an error. */
function told(sockets: Readonly<Record<string, string | KernelError>> | KernelError): Promise<Told> {
  return syncPlugins({
    list: (path) => {
      expect(path).toBe('/run/sriov-operator');
      return sockets instanceof KernelError ? Promise.reject(sockets) : Promise.resolve(Object.keys(sockets));
    },
    call: ({ socket, method }, message, options) => {
      expect([method, message.length, options]).toEqual([
        '/sriov.operator.DevicePlugin/Sync',
        0,
        { deadlineMs: 10_000 },
      ]);
      const end = sockets instanceof KernelError ? sockets : (sockets[socket.split('/').at(-1) ?? ''] ?? '');
      return typeof end === 'string' ? Promise.resolve(new TextEncoder().encode(end)) : Promise.reject(end);
    },
  });
}

const NEWER = { resource: 'a/b', devices: ['1'], reason: 'Resting', message: 'a/b: 1 rests' };

const A = 'device-plugin-a.sock';
const B = 'device-plugin-b.sock';
const at = (name: string): string => `/run/sriov-operator/${name}`;
const silent = (cause: string): Told => ({
  ...{ kind: 'silent', reason: 'DevicePluginNotResponding' },
  cause: `the device plugin does not answer (${cause})`,
});

describe("the operator's device plugin", () => {
  it.each<[string, Parameters<typeof told>[0], Told]>([
    ['is absent without its folder', refusal('ENOENT'), { kind: 'absent' }],
    ['is absent without a socket', { 'handover.json': refusal('EINVAL') }, { kind: 'absent' }],
    [
      'is absent when nobody is behind its sockets',
      { [A]: refusal('UNAVAILABLE'), [B]: refusal('UNAVAILABLE') },
      { kind: 'absent' },
    ],
    ['answers', { [A]: text(answer) }, { kind: 'answered', answer }],
    [
      'answers although it is newer, and holds back for a reason that we do not know',
      { [A]: text({ ...answer, heldBack: [NEWER], more: 1 }) },
      { kind: 'answered', answer: { ...answer, heldBack: [NEWER] } },
    ],
    [
      'answers beside the socket of one that was killed',
      { [A]: refusal('UNAVAILABLE'), [B]: text(answer) },
      { kind: 'answered', answer },
    ],
    [
      'answers with what all instances say',
      { [A]: text({ ...answer, allocating: ['1'] }), [B]: text({ ...answer, allocating: ['2'] }) },
      { kind: 'answered', answer: { ...answer, allocating: ['1', '2'] } },
    ],
    ['does not answer in time', { [A]: refusal('DEADLINE_EXCEEDED') }, silent(`${at(A)}: no answer within 10 s`)],
    ['does not come back from the kernel', { [A]: refusal('EBLOCKED') }, silent(`${at(A)}: no answer within 10 s`)],
    ['answers and does not', { [A]: text(answer), [B]: refusal('INTERNAL') }, silent(`${at(B)}: call x: INTERNAL`)],
    [
      'answers with something that is no answer',
      { [A]: '{"resources":7}' },
      silent(`${at(A)}: its answer cannot be understood`),
    ],
    ['answers with something that is no text', { [A]: '' }, silent(`${at(A)}: its answer cannot be understood`)],
    [
      'is unknown where its folder cannot be read',
      refusal('EACCES'),
      {
        kind: 'silent',
        reason: 'HandoverFailed',
        cause: 'the sockets of the device plugin cannot be listed: call x: EACCES',
      },
    ],
  ])('%s', async (_, sockets, expected) => expect(await told(sockets)).toEqual(expected));
});
