import { type IncomingMessage } from 'node:http';
import { type KubeObject, type Resource } from '@sriov/api';
import { type Clock } from '@sriov/runtime';
import { describeDuration } from '@sriov/words';
import { ApiError } from '../api-error.ts';
import { type ApiRequest, type Connection } from '../connection/connection.ts';
import {
  parseAnswer,
  parseEvent,
  parseGroups,
  parseObject,
  parsePage,
  pathOf,
  readAnswer,
  refusal,
} from './answers.ts';
import { acceptList, acceptObjects, withType, writeBody } from './bodies.ts';
import { POD } from '../core-resources.ts';
import { readLines } from './lines.ts';
import { linkAbort, type LinkedAbort } from './linked-abort.ts';
import {
  type Page,
  type PageRequest,
  type Precondition,
  type Propagation,
  type WatchEvent,
  type WatchRequest,
  type WriteOptions,
  type WritePermit,
} from './requests.ts';
import { collectionPath, objectPath, type ObjectRef, type Selection } from './resource-path.ts';

/** Longest time that a request other than a watch may take. */
const REQUEST_MS = 30_000;

/** What a client works with. */
export interface ClientOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** The manager of the fields that the client writes. */
  readonly fieldManager: string;
  /** When given, the client writes only while there is a permit that holds. */
  readonly permit?: () => WritePermit | undefined;
}

/**
 * A typed client. A {@link Resource} says which kind a call is about, and carries the type of its objects.
 * Every method throws {@link ApiError}.
 */
export class KubeClient {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #permit: (() => WritePermit | undefined) | undefined;
  /** The manager of the fields that we write. */
  readonly fieldManager: string;

  constructor(options: ClientOptions) {
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
    return this.#request({ method: 'GET', path: objectPath(resource, ref) }, parseObject<T>);
  }

  /** Names of the API groups that the server has, without the core group. Anybody may ask for them. */
  groups(): Promise<readonly string[]> {
    return this.#request({ method: 'GET', path: '/apis' }, parseGroups);
  }

  /** One page; see {@link list} for all. */
  page<T extends KubeObject>(resource: Resource<T>, request: PageRequest): Promise<Page<T>> {
    const { limit, continueToken, labelSelector, fieldSelector } = request;
    const query = { limit, continue: continueToken, labelSelector, fieldSelector };
    const { signal } = request;
    const path = collectionPath(resource, request.namespace, query);
    const headers = acceptList(request.metadataOnly);
    return this.#request({ method: 'GET', path, headers, ...(signal && { signal }) }, parsePage<T>);
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

  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: Pick<WriteOptions, 'dryRun'> = {},
  ): Promise<T> {
    const query = { fieldManager: this.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
    return this.#write(
      {
        method: 'POST',
        path: collectionPath(resource, object.metadata.namespace, query),
        ...writeBody('object', withType(resource, object)),
      },
      parseObject<T>,
    );
  }

  /** Replaces the object. The server refuses with 409 unless the resource version is the newest. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const query = { fieldManager: this.fieldManager };
    return this.#write(
      {
        method: 'PUT',
        path: objectPath(resource, object.metadata, { query }),
        ...writeBody('object', withType(resource, object)),
      },
      parseObject<T>,
    );
  }

  /** Server-side apply: `object` holds all the fields that we own and no others. Fields of others become ours. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const query = {
      fieldManager: this.fieldManager,
      force: true,
      dryRun: options.dryRun === true ? 'All' : undefined,
    };
    return this.#write(
      {
        method: 'PATCH',
        path: objectPath(resource, object.metadata, { subresource: options.subresource, query }),
        ...writeBody('apply', withType(resource, object), options.metadataOnly),
      },
      parseObject<T>,
    );
  }

  /** JSON merge patch (RFC 7386): `null` removes a member, arrays are replaced. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    change: { readonly patch: object } & WriteOptions,
  ): Promise<T> {
    return this.#write(
      {
        method: 'PATCH',
        path: objectPath(resource, ref, {
          subresource: change.subresource,
          query: { fieldManager: this.fieldManager, dryRun: change.dryRun === true ? 'All' : undefined },
        }),
        ...writeBody('mergePatch', change.patch, change.metadataOnly),
      },
      parseObject<T>,
    );
  }

  /**
   * Deletes the object. With a precondition, only if it is still that object, or that version of it (409 otherwise).
   * Without a propagation, the default of the kind counts: `Background` for all that we delete.
   */
  async delete(
    resource: Resource,
    ref: ObjectRef,
    precondition: Precondition = {},
    propagation?: Propagation,
  ): Promise<void> {
    await this.#write(
      {
        method: 'DELETE',
        path: objectPath(resource, ref),
        ...writeBody('object', {
          preconditions: precondition,
          ...(propagation !== undefined && { propagationPolicy: propagation }),
        }),
      },
      parseAnswer,
    );
  }

  /**
   * Asks for the eviction of a pod, if it is still that pod. The server refuses with 429 as long as a
   * PodDisruptionBudget is in the way, and says which.
   */
  async evict(pod: ObjectRef, uid: string | undefined): Promise<void> {
    const { name, namespace } = pod;
    await this.#write(
      {
        method: 'POST',
        path: objectPath(POD, pod, { subresource: 'eviction' }),
        ...writeBody('object', {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          deleteOptions: { preconditions: { uid } },
        }),
      },
      parseAnswer,
    );
  }

  /**
   * Watches until the server ends the stream, which is normal, or the stream breaks, which throws. A line that is cut
   * off or is not JSON throws as well: events may be missing after it.
   */
  async *watch<T extends KubeObject>(resource: Resource<T>, request: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, labelSelector, fieldSelector } = request;
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const abort = linkAbort(request.signal);
    try {
      const response = await this.#within(abort, () =>
        this.#send({
          method: 'GET',
          path: collectionPath(resource, request.namespace, { ...query, labelSelector, fieldSelector }),
          headers: acceptObjects(request.metadataOnly),
          signal: abort.signal,
          isWatch: true,
        }),
      );
      const inactivity = { ms: request.inactivityMs, clock: this.#clock };
      for await (const line of readLines(response, inactivity)) yield parseEvent<T>(line);
    } finally {
      // A caller that stops iterating early leaves an open stream, which only this ends.
      abort.end();
    }
  }

  /** @throws {ApiError} 409 when the permit to write has ended: another process may have written since. */
  async #write<T>(request: ApiRequest, parse: Parse<T>): Promise<T> {
    if (this.#permit === undefined) return this.#request(request, parse);
    const permit = this.#permit();
    const check = (): void => {
      if (permit?.mayWrite() !== true) throw notLeading(request);
    };
    check();
    try {
      return await this.#request({ ...request, check, ...(permit && { signal: permit.lost }) }, parse);
    } catch (error) {
      throw permit?.lost.aborted === true ? notLeading(request, error) : error;
    }
  }

  async #request<T>(request: ApiRequest, parse: Parse<T>): Promise<T> {
    const abort = linkAbort(request.signal);
    try {
      return await this.#within(abort, async () => {
        const response = await this.#send({ ...request, signal: abort.signal });
        return parse(request, await readAnswer(request, response, abort.signal));
      });
    } finally {
      abort.end();
    }
  }

  /** Aborts `work` when it takes longer than a request may take. */
  async #within<T>(abort: LinkedAbort, work: () => Promise<T>): Promise<T> {
    const expired = new Error(`no answer within ${describeDuration(REQUEST_MS)}`);
    const cancel = this.#clock.setTimer(REQUEST_MS, () => abort.now(expired));
    try {
      return await work();
    } finally {
      cancel();
    }
  }

  /** Sends a request, and throws unless the answer is a success. */
  async #send(request: ApiRequest): Promise<IncomingMessage> {
    const response = await this.#connection.send(request);
    if ((response.statusCode ?? 0) >= 400) throw await refusal(request, response);
    return response;
  }
}

/** Makes of the body of an answer what was asked for. */
type Parse<T> = (request: ApiRequest, text: string) => T;

function notLeading(request: ApiRequest, cause?: unknown): ApiError {
  const message = `${request.method} ${pathOf(request)}: not done, because this process no longer leads`;
  return new ApiError(message, { status: 409, reason: 'NotLeading', cause });
}
