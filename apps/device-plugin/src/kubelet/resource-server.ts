import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { messageOf } from '@sriov/errors';
import { isErrno, type Kernel } from '@sriov/host';
import { type PooledDevice } from '@sriov/device-pool';
import { encode } from './messages.ts';
import { PLUGIN_SERVICE, pluginService, type ResourceAnswers } from './plugin-service.ts';
import { serveSocket, type SocketServer } from './serve-socket.ts';

/** A socket for the kubelet, in its folder. Each start has a new name: the kubelet remembers those it has seen. */
const SOCKET = /^sriov-[0-9a-f]{12}\.sock$/;

/** True for the name of a socket that this program makes in the kubelet's folder. */
export function isResourceSocket(name: string): boolean {
  return SOCKET.test(name);
}

/** How the kubelet stands to a resource. */
export type Registration =
  | { readonly state: 'registered' }
  /**
   * `refused`: the kubelet has answered, and asking again is of no use until something changes. `unanswered`: nobody knows
   * what it would say. With a sentence that says why.
   */
  | { readonly state: 'refused' | 'unanswered'; readonly problem: string };

/** Longest wait for an answer to a registration. The config daemon waits for 10 s until a pass has ended. */
const REGISTER_MS = 8_000;
/** What serving a resource takes. */
export interface ResourcePorts {
  readonly kernel: Pick<Kernel, 'call'>;
  readonly kubeletFolder: string;
  readonly answers: Pick<ResourceAnswers, 'allocate' | 'prefer'>;
  /** Is called when the kubelet has ended its last stream, and has to be registered with again. */
  readonly onForgotten: () => void;
}

type Streams = Set<(list: object) => void>;

/** One resource, as the kubelet sees it: a socket, a registration, and a list of devices for each stream. */
export class ResourceServer {
  readonly #name: string;
  readonly #ports: ResourcePorts;
  /** Those of the present socket. */
  #streams: Streams = new Set();
  #socket: SocketServer | undefined;
  #list: { readonly text: string; readonly message: object } = { text: '', message: { devices: [] } };
  /** The kubelet that knows the resource, by its socket. */
  #registeredWith = '';

  constructor(name: string, ports: ResourcePorts) {
    this.#name = name;
    this.#ports = ports;
  }

  /** Sends the list to all streams, unless it is what they have. @returns whether it was another one */
  list(devices: readonly PooledDevice[]): boolean {
    const message = { devices: devices.map(toWire) };
    const text = JSON.stringify(message);
    if (text === this.#list.text) return false;
    this.#list = { text, message };
    for (const send of this.#streams) send(message);
    return true;
  }

  /** Registers with this kubelet, unless that is done. @param kubelet tells one kubelet from the next; empty for none */
  async register(kubelet: string): Promise<Registration> {
    const isServed = this.#socket !== undefined && (await this.#socket.isThere());
    if (isServed && this.#registeredWith === kubelet && kubelet !== '') return { state: 'registered' };
    this.#registeredWith = '';
    try {
      const before = isServed && kubelet === '' ? undefined : await this.#serve();
      // The old socket ends when the kubelet has heard of the new one, or has refused it.
      await (kubelet === '' ? Promise.resolve() : this.#call()).finally(() => before?.close());
      if (kubelet === '') return { state: 'unanswered', problem: NO_KUBELET };
      this.#registeredWith = kubelet;
      return { state: 'registered' };
    } catch (error) {
      return unregistered(error);
    }
  }

  /** Ends all streams. The kubelet gives out none of its devices then. */
  async close(): Promise<void> {
    this.#streams = new Set();
    await this.#socket?.close();
    this.#socket = undefined;
    this.#registeredWith = '';
  }

  /** Serves on a new socket. @returns that of before, which still serves */
  async #serve(): Promise<SocketServer | undefined> {
    const { kubeletFolder, answers } = this.#ports;
    const path = join(kubeletFolder, `sriov-${randomBytes(6).toString('hex')}.sock`);
    const streams: Streams = new Set();
    const service = pluginService({ ...answers, follow: (send, signal) => this.#follow(streams, send, signal) });
    const before = this.#socket;
    this.#streams = streams;
    this.#socket = await serveSocket(path, PLUGIN_SERVICE, service);
    return before;
  }

  async #call(): Promise<void> {
    const { kernel, kubeletFolder } = this.#ports;
    const endpoint = basename(this.#socket?.path ?? '');
    const options = { get_preferred_allocation_available: true };
    const request = encode('RegisterRequest', { version: 'v1beta1', endpoint, resource_name: this.#name, options });
    const target = { socket: join(kubeletFolder, 'kubelet.sock'), method: '/v1beta1.Registration/Register' };
    await kernel.call(target, request, { deadlineMs: REGISTER_MS });
  }

  #follow(streams: Streams, send: (list: object) => void, signal: AbortSignal): void {
    streams.add(send);
    signal.addEventListener('abort', () => this.#unfollow(streams, send), { once: true });
    send(this.#list.message);
  }

  /**
   * Older kubelets know one socket for each resource. When any process that has registered the resource ends, they also
   * end the stream of the one that registered last, and give out no device before that registers again.
   */
  #unfollow(streams: Streams, send: (list: object) => void): void {
    streams.delete(send);
    if (streams !== this.#streams || streams.size > 0) return;
    this.#registeredWith = '';
    this.#ports.onForgotten();
  }
}

const NO_KUBELET = 'the kubelet has no socket: it does not run, or its folder is another one';

/**
 * A kubelet that refuses a name or a version says so without a status of its own, which is UNKNOWN. It says the same
 * when it cannot reach the socket that it was told (pkg/kubelet/cm/devicemanager/plugin/v1beta1 of Kubernetes), and then
 * it has not looked at the resource.
 */
function unregistered(error: unknown): Registration {
  const problem = `the kubelet does not take the resource: ${messageOf(error)}`;
  const isRefused = isErrno(error, 'UNKNOWN') && !problem.includes('failed to dial device plugin');
  return { state: isRefused ? 'refused' : 'unanswered', problem };
}

function toWire({ id, isHealthy, numaNode }: PooledDevice): object {
  return {
    ID: id,
    health: isHealthy ? 'Healthy' : 'Unhealthy',
    ...(numaNode !== undefined && { topology: { nodes: [{ ID: numaNode }] } }),
  };
}
