import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { messageOf } from '@sriov/errors';
import { isErrno, type Kernel } from '@sriov/host';
import { type PooledDevice } from '@sriov/device-pool';
import { encode } from './messages.ts';
import { type ListStream, PLUGIN_SERVICE, pluginService, type ResourceAnswers } from './plugin-service.ts';
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
  /** Is called after each registration that was tried. */
  readonly onRegistration: (state: Registration['state']) => void;
}

/** A socket on which the resource is served, and what the kubelet follows there. */
interface Endpoint {
  readonly server: SocketServer;
  readonly streams: Set<ListStream>;
}

/** One resource, as the kubelet sees it: a socket, a registration, and a list of devices for each stream. */
export class ResourceServer {
  readonly #name: string;
  readonly #ports: ResourcePorts;
  #endpoint: Endpoint | undefined;
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
    for (const stream of this.#endpoint?.streams ?? []) stream.send(message);
    return true;
  }

  /** Registers with this kubelet, unless that is done. @param kubelet tells one kubelet from the next; empty for none */
  async register(kubelet: string): Promise<Registration> {
    const isServed = this.#endpoint !== undefined && (await this.#endpoint.server.isThere());
    if (isServed && this.#registeredWith === kubelet && kubelet !== '') return { state: 'registered' };
    this.#registeredWith = '';
    try {
      const before = isServed && kubelet === '' ? undefined : await this.#serve();
      const registration = kubelet === '' ? NO_KUBELET : await this.#call();
      // The old socket ends when the kubelet has heard of the new one, or has refused it.
      await closeEndpoint(before);
      if (registration.state === 'registered') this.#registeredWith = kubelet;
      return registration;
    } catch (error) {
      return unregistered(error);
    }
  }

  /** Ends all streams. The kubelet gives out none of its devices then. */
  async close(): Promise<void> {
    const before = this.#endpoint;
    this.#endpoint = undefined;
    this.#registeredWith = '';
    await closeEndpoint(before);
  }

  /** Serves on a new socket. @returns that of before, which still serves */
  async #serve(): Promise<Endpoint | undefined> {
    const { kubeletFolder, answers } = this.#ports;
    const path = join(kubeletFolder, `sriov-${randomBytes(6).toString('hex')}.sock`);
    const streams = new Set<ListStream>();
    const service = pluginService({ ...answers, follow: (stream, signal) => this.#follow(streams, stream, signal) });
    const before = this.#endpoint;
    this.#endpoint = { server: await serveSocket(path, PLUGIN_SERVICE, service), streams };
    return before;
  }

  async #call(): Promise<Registration> {
    const { onRegistration } = this.#ports;
    const registration = await this.#ask().then((): Registration => ({ state: 'registered' }), unregistered);
    onRegistration(registration.state);
    return registration;
  }

  async #ask(): Promise<void> {
    const { kernel, kubeletFolder } = this.#ports;
    const endpoint = basename(this.#endpoint?.server.path ?? '');
    const options = { get_preferred_allocation_available: true };
    const request = encode('RegisterRequest', { version: 'v1beta1', endpoint, resource_name: this.#name, options });
    const target = { socket: join(kubeletFolder, 'kubelet.sock'), method: '/v1beta1.Registration/Register' };
    await kernel.call(target, request, { deadlineMs: REGISTER_MS });
  }

  #follow(streams: Set<ListStream>, stream: ListStream, signal: AbortSignal): void {
    streams.add(stream);
    signal.addEventListener('abort', () => this.#unfollow(streams, stream), { once: true });
    stream.send(this.#list.message);
  }

  /**
   * Older kubelets know one socket for each resource. When any process that has registered the resource ends, they also
   * end the stream of the one that registered last, and give out no device before that registers again.
   */
  #unfollow(streams: Set<ListStream>, stream: ListStream): void {
    streams.delete(stream);
    if (streams !== this.#endpoint?.streams || streams.size > 0) return;
    this.#registeredWith = '';
    this.#ports.onForgotten();
  }
}

/** Ends its streams, each after the lists that were sent. */
async function closeEndpoint(endpoint: Endpoint | undefined): Promise<void> {
  for (const stream of endpoint?.streams ?? []) stream.end();
  endpoint?.streams.clear();
  await endpoint?.server.close();
}

const NO_KUBELET: Registration = {
  state: 'unanswered',
  problem: 'the kubelet has no socket: it does not run, or its folder is another one',
};

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
