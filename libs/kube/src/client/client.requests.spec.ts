import { type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import { ApiError } from '../api-error.ts';
import { type ApiRequest } from '../connection/connection.ts';
import { CONFIG_MAP, LEASE, NODE } from '../core-resources.ts';
import { KubeClient } from './client.ts';
import { type WatchEvent, type WatchRequest, type WritePermit } from './requests.ts';

interface Answer {
  readonly status?: number;
  readonly text?: string;
  readonly headers?: Record<string, string>;
  /** The body breaks off behind the text. */
  readonly breaks?: boolean;
}

let clock: FakeClock;
let sent: ApiRequest[];
let answers: Answer[];

const connection = {
  server: 'https://scripted',
  send(request: ApiRequest): Promise<IncomingMessage> {
    request.check?.();
    sent.push(request);
    const {
      status = 200,
      text = '{"metadata":{"name":"a","resourceVersion":"7"}}',
      headers = {},
      breaks = false,
    } = answers.shift() ?? {};
    const body = new Readable({
      read() {
        this.push(Buffer.from(text));
        if (breaks) this.destroy(new Error('socket hang up'));
        else this.push(null);
      },
    });
    return Promise.resolve(Object.assign(body, { statusCode: status, headers }) as unknown as IncomingMessage);
  },
  close: () => undefined,
};
const clientWith = (permit?: () => WritePermit | undefined): KubeClient =>
  new KubeClient({ connection, clock, fieldManager: 'me', ...(permit && { permit }) });
const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

let client: KubeClient;
beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  answers = [];
  client = clientWith();
});

const map = { metadata: { name: 'a', namespace: 'n' }, data: { x: '1' } };
const typed = { ...map, apiVersion: 'v1', kind: 'ConfigMap' };
const ref = { name: 'a', namespace: 'n' };
const PATH = '/api/v1/namespaces/n/configmaps';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const JSON_TYPE = 'application/json';

describe('a request of the client', () => {
  it.each<[string, () => Promise<unknown>, [string, string, string | undefined, unknown, string | undefined]]>([
    ['get', () => client.get(CONFIG_MAP, ref), ['GET', `${PATH}/a`, undefined, undefined, undefined]],
    [
      'get of a cluster-scoped object, whose name has to be escaped',
      () => client.get(NODE, { name: 'a/b' }),
      ['GET', '/api/v1/nodes/a%2Fb', undefined, undefined, undefined],
    ],
    [
      'get of a kind of a named group',
      () => client.get(LEASE, ref),
      ['GET', '/apis/coordination.k8s.io/v1/namespaces/n/leases/a', undefined, undefined, undefined],
    ],
    ['create', () => client.create(CONFIG_MAP, map), ['POST', `${PATH}?fieldManager=me`, JSON_TYPE, typed, JSON_TYPE]],
    [
      'replace',
      () => client.replace(CONFIG_MAP, map),
      ['PUT', `${PATH}/a?fieldManager=me`, JSON_TYPE, typed, JSON_TYPE],
    ],
    [
      'apply',
      () => client.apply(CONFIG_MAP, map),
      ['PATCH', `${PATH}/a?fieldManager=me&force=true`, 'application/apply-patch+yaml', typed, JSON_TYPE],
    ],
    [
      'apply to the status in a dry run, answered with metadata only',
      () => client.apply(CONFIG_MAP, map, { subresource: 'status', dryRun: true, metadataOnly: true }),
      [
        'PATCH',
        `${PATH}/a/status?fieldManager=me&force=true&dryRun=All`,
        'application/apply-patch+yaml',
        typed,
        PARTIAL,
      ],
    ],
    [
      'merge patch',
      () => client.mergePatch(CONFIG_MAP, ref, { patch: { data: null } }),
      ['PATCH', `${PATH}/a?fieldManager=me`, 'application/merge-patch+json', { data: null }, JSON_TYPE],
    ],
    [
      'merge patch of the status in a dry run',
      () => client.mergePatch(CONFIG_MAP, ref, { patch: {}, subresource: 'status', dryRun: true, metadataOnly: true }),
      ['PATCH', `${PATH}/a/status?fieldManager=me&dryRun=All`, 'application/merge-patch+json', {}, PARTIAL],
    ],
    [
      'delete',
      () => client.delete(CONFIG_MAP, ref, { uid: 'u' }),
      ['DELETE', `${PATH}/a`, JSON_TYPE, { preconditions: { uid: 'u' } }, JSON_TYPE],
    ],
    [
      'delete that leaves what the object owns',
      () => client.delete(CONFIG_MAP, ref, { uid: 'u' }, 'Orphan'),
      ['DELETE', `${PATH}/a`, JSON_TYPE, { preconditions: { uid: 'u' }, propagationPolicy: 'Orphan' }, JSON_TYPE],
    ],
    [
      'delete without a precondition',
      () => client.delete(CONFIG_MAP, ref),
      ['DELETE', `${PATH}/a`, JSON_TYPE, { preconditions: {} }, JSON_TYPE],
    ],
    [
      'page of the metadata of a selection',
      () => client.page(CONFIG_MAP, { namespace: 'n', labelSelector: 'a=b', limit: 5, metadataOnly: true }),
      ['GET', `${PATH}?limit=5&labelSelector=a%3Db`, undefined, undefined, PARTIAL.replace('Metadata', 'MetadataList')],
    ],
    [
      'page of all namespaces, further on',
      () => client.page(CONFIG_MAP, { fieldSelector: 'metadata.name=a', limit: 5, continueToken: 't' }),
      ['GET', '/api/v1/configmaps?limit=5&continue=t&fieldSelector=metadata.name%3Da', undefined, undefined, JSON_TYPE],
    ],
  ])('to %s', async (_, ask, expected) => {
    await ask();
    expect(sent).toHaveLength(1);
    const [request] = sent;
    const { method, path, body, headers } = request as ApiRequest;
    const parsed: unknown = body === undefined ? undefined : JSON.parse(body);
    expect([method, path, headers?.['content-type'], parsed, headers?.['accept']]).toEqual(expected);
  });

  it('lists page by page until there is no further one', async () => {
    answers = [
      { text: '{"metadata":{"resourceVersion":"7","continue":"t"},"items":[{"metadata":{"name":"a"}}]}' },
      { text: '{"metadata":{"resourceVersion":"7"},"items":null}' },
    ];
    expect(await client.list(CONFIG_MAP, { namespace: 'n' })).toEqual([{ metadata: { name: 'a' } }]);
    expect(sent.map(({ path }) => path)).toEqual([`${PATH}?limit=500`, `${PATH}?limit=500&continue=t`]);
  });

  it('takes an answer without a name, as that to a review of access is', async () => {
    answers = [{ text: '{"metadata":{},"status":{"allowed":true}}' }];
    expect(await client.create(CONFIG_MAP, map)).toEqual({ metadata: {}, status: { allowed: true } });
  });

  it('tells of which version a page is', async () => {
    answers = [{ text: '{"metadata":{"resourceVersion":"7","continue":"t"},"items":[]}' }];
    const page = await client.page(CONFIG_MAP, { limit: 1 });
    expect(page).toEqual({ items: [], resourceVersion: '7', continueToken: 't' });
  });
});

describe('an answer of the API server', () => {
  const message = 'no such thing';
  it.each<[string, Answer, object]>([
    [
      'that is a Status',
      { status: 404, text: JSON.stringify({ message, reason: 'NotFound' }) },
      { status: 404, reason: 'NotFound', message: `GET ${PATH}/a: no such thing`, retryAfterMs: undefined },
    ],
    [
      'that is null',
      { status: 502, text: 'null' },
      { status: 502, reason: '', message: `GET ${PATH}/a: null`, retryAfterMs: undefined },
    ],
    [
      'that is a Status with fields of other types',
      { status: 500, text: '{"message":{},"reason":null}' },
      { status: 500, reason: '', message: `GET ${PATH}/a: HTTP 500` },
    ],
    ['without a text', { status: 500, text: '' }, { status: 500, reason: '', message: `GET ${PATH}/a: HTTP 500` }],
    [
      'of a proxy, which is cut short',
      { status: 502, text: `  ${'x'.repeat(400)}` },
      { status: 502, message: `GET ${PATH}/a: ${'x'.repeat(298)}` },
    ],
    [
      'that asks to wait',
      { status: 429, text: '{}', headers: { 'retry-after': '3' } },
      { status: 429, retryAfterMs: 3_000 },
    ],
    [
      'that asks to wait until a date',
      { status: 429, text: '{}', headers: { 'retry-after': 'Fri, 02 Jan 2026 00:00:00 GMT' } },
      { status: 429, retryAfterMs: undefined },
    ],
    [
      'of a store that takes no larger object',
      { status: 500, text: '{"message":"etcdserver: request is too large"}' },
      { status: 413 },
    ],
    [
      'of a store whose connection takes no larger message',
      { status: 500, text: '{"message":"trying to send message larger than max (3 vs. 2)"}' },
      { status: 413 },
    ],
    [
      'that is not JSON',
      { text: `<html>${'x'.repeat(200)}` },
      { status: 0, message: `GET ${PATH}/a: the answer is not JSON: <html>${'x'.repeat(94)}` },
    ],
    [
      'that is no Kubernetes object',
      { text: '{"items":[]}' },
      { status: 0, message: `GET ${PATH}/a: the answer is no Kubernetes object: {"items":[]}` },
    ],
    [
      'that is null',
      { text: 'null' },
      { status: 0, message: `GET ${PATH}/a: the answer is no Kubernetes object: null` },
    ],
    [
      'that breaks off',
      { text: '{"meta', breaks: true },
      { status: 0, message: `GET ${PATH}/a: the answer broke off: socket hang up` },
    ],
  ])('%s is an error', async (_, answer, expected) => {
    answers = [answer];
    const failure = await failureOf(client.get(CONFIG_MAP, ref));
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject(expected);
  });

  it.each(['null', '{"items":[]}', '{"metadata":{"resourceVersion":"7"},"items":[{}]}'])(
    '%s is no list',
    async (text) => {
      answers = [{ text }];
      const message = `GET ${PATH}: the answer is no Kubernetes list: ${text}`;
      expect(await failureOf(client.page(CONFIG_MAP, { namespace: 'n', limit: 1 }))).toMatchObject({
        status: 0,
        message,
      });
    },
  );

  it.each<[string, boolean, string]>([
    ['takes more than 30 s', false, 'no answer within 30 s'],
    ['is no longer wanted', true, 'the process is stopping'],
  ])('that %s is given up', async (_, isAborted, why) => {
    const stop = new AbortController();
    const silent = {
      ...connection,
      send: ({ signal }: ApiRequest) =>
        new Promise<IncomingMessage>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const asking = failureOf(
      new KubeClient({ connection: silent, clock, fieldManager: 'me' }).page(CONFIG_MAP, {
        limit: 1,
        signal: stop.signal,
      }),
    );
    if (isAborted) stop.abort();
    else {
      await clock.advance(29_999);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
    }
    expect(await asking).toMatchObject({ message: why });
    expect(clock.pending).toBe(0);
  });
});

describe('a watch', () => {
  const request: WatchRequest = {
    namespace: 'n',
    labelSelector: 'a=b',
    resourceVersion: '7',
    timeoutSeconds: 300,
    inactivityMs: 1_000,
    signal: new AbortController().signal,
  };
  const watch = async (rest: Partial<WatchRequest> = {}): Promise<WatchEvent<object>[]> => {
    const events: WatchEvent<object>[] = [];
    for await (const event of client.watch(CONFIG_MAP, { ...request, ...rest })) events.push(event);
    return events;
  };

  it.each([
    ['whole objects', {}, JSON_TYPE],
    ['their metadata', { metadataOnly: true }, PARTIAL],
  ])('asks for %s and bookmarks from a version on', async (_, rest, accept) => {
    answers = [{ text: '{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n\n' }];
    expect(await watch(rest)).toEqual([{ type: 'ADDED', object: { metadata: { name: 'a' } } }]);
    const query = 'watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300&labelSelector=a%3Db';
    expect(sent[0]?.path).toBe(`${PATH}?${query}`);
    expect(sent[0]?.headers).toEqual({ accept });
    expect([sent[0]?.signal?.aborted, clock.pending]).toEqual([true, 0]);
  });

  it.each<[string, Answer, string]>([
    ['is refused', { status: 410, text: '{"message":"too old"}' }, `GET ${PATH}: too old`],
    ['has a line that is not JSON', { text: 'oops\n' }, 'a watch sent a line of 4 characters that is not JSON'],
    ['has a line that is null', { text: 'null\n' }, 'a watch sent a line of 4 characters that is no event'],
    [
      'has an event of no known type',
      { text: '{"type":"NEW"}\n' },
      'a watch sent a line of 14 characters that is no event',
    ],
    [
      'has an event without an object',
      { text: '{"type":"ADDED"}\n' },
      'a watch sent a line of 16 characters that is no event',
    ],
    ['ends within a line', { text: '{"type":' }, 'the watch broke: it ended within a line'],
    ['breaks off', { text: '', breaks: true }, 'the watch broke: socket hang up'],
  ])('that %s is an error', async (_, answer, message) => {
    answers = [answer];
    expect(await failureOf(watch())).toMatchObject({ message });
  });
});

describe('a client that writes by permit', () => {
  const lost = new AbortController();
  const permit = { lost: lost.signal, mayWrite: () => true };
  const refused = { status: 409, reason: 'NotLeading' };
  const write = (writer: KubeClient): Promise<unknown> => failureOf(writer.create(CONFIG_MAP, map));

  it.each<[string, WritePermit | undefined, object | undefined]>([
    ['writes while it holds', permit, undefined],
    ['does not write without one', undefined, refused],
    ['does not write when it ended', { ...permit, mayWrite: () => false }, refused],
  ])('%s', async (_, given, expected) => {
    const failure = await write(clientWith(() => given));
    if (expected === undefined) expect([failure, sent.length]).toEqual([undefined, 1]);
    else expect([sent.length, failure]).toEqual([0, expect.objectContaining(expected)]);
  });

  it('does not send what waited until the permit had ended', async () => {
    let holds = true;
    const late = { ...connection, send: (request: ApiRequest) => ((holds = false), connection.send(request)) };
    const writer = new KubeClient({
      connection: late,
      clock,
      fieldManager: 'me',
      permit: () => ({ ...permit, mayWrite: () => holds }),
    });
    expect(await write(writer)).toMatchObject(refused);
    expect(sent).toEqual([]);
  });

  it('calls what was under way when it lost the permit not done', async () => {
    answers = [{ status: 500, text: '{}' }];
    const ended = new AbortController();
    const writer = clientWith(() => ({ ...permit, lost: ended.signal }));
    const writing = write(writer);
    ended.abort();
    expect(await writing).toMatchObject({
      ...refused,
      message: `POST ${PATH}: not done, because this process no longer leads`,
    });
  });

  it('reads without one', async () => {
    await clientWith(() => undefined).get(CONFIG_MAP, ref);
    expect(sent).toHaveLength(1);
  });
});
