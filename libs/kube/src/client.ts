import { type IncomingMessage } from 'node:http';
import { apiVersionOf, describeDuration, type KubeObject, messageOf, type Resource } from '@sriov/api';
import { type Clock } from '@sriov/runtime';
import { ApiError } from './api-error.ts';
import { type ApiRequest, type Connection } from './connection.ts';
import { collectionPath, objectPath, type ObjectRef, type Selection } from './resource-path.ts';
import { readLines } from './lines.ts';

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Of the list as a whole: where a watch begins. */
  readonly resourceVersion: string;
  /** Token of the next page; absent on the last. */
  readonly continueToken?: string;
}

/** Which page of a list. */
export interface PageRequest extends Selection {
  readonly limit: number;
  readonly continueToken?: string | undefined;
  /** Ask for metadata only: the server leaves spec and status out. */
  readonly metadataOnly?: boolean;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
}

/** What a watch says. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** From where, and for how long, to watch. */
export interface WatchRequest extends Selection {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  /** End the watch with an error when not a byte came for so long. */
  readonly inactivityMs: number;
  readonly metadataOnly?: boolean;
  readonly signal: AbortSignal;
}

/** How an apply or patch is done. */
export interface WriteOptions {
  readonly subresource?: 'status' | undefined;
  readonly dryRun?: boolean;
  /** Ask for an answer with metadata only: for large objects whose rest nobody reads. */
  readonly metadataOnly?: boolean;
}

/** For how long a client may write: who leads no longer must not overwrite what his successor has written. */
export interface WritePermit {
  /** Aborts when it ends; writes under way are broken off. */
  readonly lost: AbortSignal;
  /** Whether it holds at this moment. */
  readonly mayWrite: () => boolean;
}

/** Longest time that a request other than a watch may take. */
const REQUEST_MS = 30_000;

const PARTIAL = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const PARTIAL_LIST = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/**
 * A typed client: what a call is about is told by a {@link Resource}, which carries the type of its objects.
 * Every method throws {@link ApiError}.
 */
export class KubeClient {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #permit: (() => WritePermit | undefined) | undefined;
  /** Stands as manager of the fields that we write. */
  readonly fieldManager: string;

  /** @param options - With `permit` it writes only while there is one that holds. */
  constructor(options: {
    readonly connection: Connection;
    readonly clock: Clock;
    readonly fieldManager: string;
    readonly permit?: () => WritePermit | undefined;
  }) {
    this.#permit = options.permit;
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.fieldManager = options.fieldManager;
  }

  /** Address of the API server, for messages. */
  get server(): string {
    return this.#connection.server;
  }

  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T> {
    return this.#json<T>({ method: 'GET', path: objectPath(resource, ref) });
  }

  /** One page; see {@link list} for all. */
  async page<T extends KubeObject>(resource: Resource<T>, request: PageRequest): Promise<Page<T>> {
    const { limit, continueToken, labelSelector, fieldSelector } = request;
    const query = { limit, continue: continueToken, labelSelector, fieldSelector };
    const list = await this.#json<RawList<T>>({
      method: 'GET',
      path: collectionPath(resource, request.namespace, query),
      headers: { accept: request.metadataOnly === true ? `application/json;${PARTIAL_LIST}` : 'application/json' },
      ...(request.signal && { signal: request.signal }),
    });
    return {
      // Some servers write an empty list as null.
      items: list.items ?? [],
      resourceVersion: list.metadata.resourceVersion,
      ...(list.metadata.continue && { continueToken: list.metadata.continue }),
    };
  }

  /** All objects of a selection, page by page. */
  async list<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): Promise<T[]> {
    const items: T[] = [];
    let continueToken: string | undefined;
    do {
      const page = await this.page(resource, { ...selection, limit: 500, continueToken });
      items.push(...page.items);
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
    return items;
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const query = { fieldManager: this.fieldManager };
    return this.#write<T>({
      method: 'POST',
      path: collectionPath(resource, object.metadata.namespace, query),
      ...jsonBody('application/json', withType(resource, object)),
    });
  }

  /** Replaces the object; refused with 409 unless its resource version is the newest. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const query = { fieldManager: this.fieldManager };
    return this.#write<T>({
      method: 'PUT',
      path: objectPath(resource, object.metadata, { query }),
      ...jsonBody('application/json', withType(resource, object)),
    });
  }

  /** Server-side apply: `object` holds all the fields that we own and no others. Takes over fields of others. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const query = {
      fieldManager: this.fieldManager,
      force: true,
      dryRun: options.dryRun === true ? 'All' : undefined,
    };
    return this.#write<T>({
      method: 'PATCH',
      path: objectPath(resource, object.metadata, { subresource: options.subresource, query }),
      ...answeredBy(options, jsonBody('application/apply-patch+yaml', withType(resource, object))),
    });
  }

  /** JSON merge patch (RFC 7386): `null` removes a member, arrays are replaced. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    change: { readonly patch: object } & WriteOptions,
  ): Promise<T> {
    return this.#write<T>({
      method: 'PATCH',
      path: objectPath(resource, ref, {
        subresource: change.subresource,
        query: { fieldManager: this.fieldManager, dryRun: change.dryRun === true ? 'All' : undefined },
      }),
      ...answeredBy(change, jsonBody('application/merge-patch+json', change.patch)),
    });
  }

  /** Deletes the object; with a precondition only if it is still that one, or that version of it (409 otherwise). */
  async delete(
    resource: Resource,
    ref: ObjectRef,
    precondition: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } = {},
  ): Promise<void> {
    await this.#write({
      method: 'DELETE',
      path: objectPath(resource, ref),
      ...jsonBody('application/json', { preconditions: precondition }),
    });
  }

  /**
   * Watches until the server ends the stream, which is normal, or it breaks, which throws. A line that is cut off or
   * is not JSON throws as well: events may be missing behind it.
   */
  async *watch<T extends KubeObject>(resource: Resource<T>, request: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, labelSelector, fieldSelector } = request;
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const abort = follow(request.signal);
    try {
      const response = await this.#within(abort, () =>
        this.#send({
          method: 'GET',
          path: collectionPath(resource, request.namespace, { ...query, labelSelector, fieldSelector }),
          headers: { accept: request.metadataOnly === true ? `application/json;${PARTIAL}` : 'application/json' },
          signal: abort.signal,
        }),
      );
      const inactivity = { ms: request.inactivityMs, clock: this.#clock };
      for await (const line of readLines(response, inactivity)) yield parseEvent<T>(line);
    } finally {
      // Whoever stops iterating early leaves a stream behind that only this ends.
      abort.end();
    }
  }

  /** @throws {ApiError} 409 when the permit to write has ended: another may have written since. */
  async #write<T>(request: ApiRequest): Promise<T> {
    if (this.#permit === undefined) return this.#json<T>(request);
    const permit = this.#permit();
    const check = (): void => {
      if (permit?.mayWrite() !== true) throw notLeading(request);
    };
    check();
    try {
      return await this.#json<T>({ ...request, check, ...(permit && { signal: permit.lost }) });
    } catch (error) {
      throw permit?.lost.aborted === true ? notLeading(request, error) : error;
    }
  }

  async #json<T>(request: ApiRequest): Promise<T> {
    const abort = follow(request.signal);
    try {
      return await this.#within(abort, async () => {
        const response = await this.#send({ ...request, signal: abort.signal });
        return parseAnswer(request, await readAnswer(request, response, abort.signal)) as T;
      });
    } finally {
      abort.end();
    }
  }

  /** Gives `work` the time of a request, and aborts it when that is over. */
  async #within<T>(abort: Abort, work: () => Promise<T>): Promise<T> {
    const expired = new Error(`no answer within ${describeDuration(REQUEST_MS)}`);
    const cancel = this.#clock.setTimer(REQUEST_MS, () => abort.now(expired));
    try {
      return await work();
    } finally {
      cancel();
    }
  }

  /** Sends, and throws unless the answer is a success. */
  async #send(request: ApiRequest): Promise<IncomingMessage> {
    const response = await this.#connection.send(request);
    if ((response.statusCode ?? 0) >= 400) throw await refusal(request, response);
    return response;
  }
}

interface Abort {
  readonly signal: AbortSignal;
  now(reason: Error): void;
  /** Aborts what is still open, and lets go of the signal that was followed. */
  end(): void;
}

/** Aborts when `parent` does. Not `AbortSignal.any`: its followers live as long as their parent. */
function follow(parent: AbortSignal | undefined): Abort {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(new Error('the process is stopping'));
  parent?.addEventListener('abort', onAbort, { once: true });
  if (parent?.aborted === true) onAbort();
  return {
    signal: abort.signal,
    now: (reason) => abort.abort(reason),
    end() {
      parent?.removeEventListener('abort', onAbort);
      abort.abort();
    },
  };
}

interface RawList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: T[] | null;
}

function notLeading(request: ApiRequest, cause?: unknown): ApiError {
  const message = `${request.method} ${pathOf(request)}: not done, because this process no longer leads`;
  return new ApiError(message, { status: 409, reason: 'NotLeading', cause });
}

function withType<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function jsonBody(contentType: string, body: object): Pick<ApiRequest, 'body' | 'headers'> {
  return { body: JSON.stringify(body), headers: { 'content-type': contentType } };
}

/** The body, and whether its answer shall have metadata only. */
function answeredBy(options: WriteOptions, body: Pick<ApiRequest, 'body' | 'headers'>): typeof body {
  if (options.metadataOnly !== true) return body;
  return { ...body, headers: { ...body.headers, accept: `application/json;${PARTIAL}` } };
}

function parseEvent<T>(line: string): WatchEvent<T> {
  try {
    return JSON.parse(line) as WatchEvent<T>;
  } catch (cause) {
    throw new ApiError(`a watch sent a line of ${line.length} characters that is not JSON`, { status: 0, cause });
  }
}

function parseAnswer(request: ApiRequest, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const what = `the answer is not JSON: ${text.slice(0, 100)}`;
    throw new ApiError(`${request.method} ${pathOf(request)}: ${what}`, { status: 0, cause });
  }
}

async function readAnswer(request: ApiRequest, response: IncomingMessage, signal: AbortSignal): Promise<string> {
  try {
    return await readText(response);
  } catch (cause) {
    const why = signal.aborted ? messageOf(signal.reason) : `the answer broke off: ${messageOf(cause)}`;
    throw new ApiError(`${request.method} ${pathOf(request)}: ${why}`, { status: 0, cause });
  }
}

function pathOf(request: ApiRequest): string {
  return request.path.split('?')[0] ?? '';
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

/**
 * What the server says with status 500 of an object that it takes and its store does not: etcd's `--max-request-bytes`
 * (1.5 MiB by default) and the limit of a gRPC message. It is as much too large as one that the server refuses itself.
 */
const STORE_LIMIT = /etcdserver: request is too large|trying to send message larger than max/;

async function refusal(request: ApiRequest, response: IncomingMessage): Promise<ApiError> {
  const text = await readText(response).catch(() => '');
  const status = response.statusCode ?? 0;
  const seconds = Number(response.headers['retry-after']);
  const { message, reason } = parseStatus(text);
  return new ApiError(`${request.method} ${pathOf(request)}: ${message ?? `HTTP ${status}`}`, {
    status: STORE_LIMIT.test(message ?? '') ? 413 : status,
    reason: reason ?? '',
    retryAfterMs: Number.isFinite(seconds) && response.headers['retry-after'] ? seconds * 1000 : undefined,
  });
}

function parseStatus(text: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(text) as { message?: string; reason?: string };
  } catch {
    return text === '' ? {} : { message: text.slice(0, 300).trim() };
  }
}
