import { join } from 'node:path';
import {
  Client,
  credentials,
  type handleUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { decode, encode } from '../kubelet/messages.ts';
import { serveSocket, type SocketServer } from '../kubelet/serve-socket.ts';

const REGISTRATION: ServiceDefinition = {
  Register: {
    path: '/v1beta1.Registration/Register',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: object) => encode('RegisterRequest', message),
    requestDeserialize: (bytes: Buffer) => decode('RegisterRequest', bytes),
    responseSerialize: (message: object) => encode('Empty', message),
    responseDeserialize: (bytes: Buffer) => decode('Empty', bytes),
  },
};

interface Registration {
  readonly endpoint: string;
  readonly resource_name: string;
}

/** Device ids by health, as the kubelet was told last. */
export type Told = Readonly<Record<string, 'Healthy' | 'Unhealthy'>>;

/** The kubelet's side of the device plugin API, on real sockets. */
export class TestKubelet {
  readonly folder: string;
  readonly registrations: string[] = [];
  readonly #told = new Map<string, Told>();
  readonly #clients = new Map<string, Client>();
  readonly #streams = new Map<string, { cancel(): void }>();
  readonly #ends = new Map<string, Promise<'ended' | 'cut off'>>();
  readonly #waiting = new Set<() => void>();
  #server: SocketServer | undefined;
  /** Why resources are refused. */
  refusal: string | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    const register: handleUnaryCall<Registration, object> = ({ request }, callback) => {
      if (this.refusal !== undefined) callback({ code: status.UNKNOWN, details: this.refusal });
      else {
        this.#connect(request);
        callback(null, {});
      }
    };
    this.#server = await serveSocket(join(this.folder, 'kubelet.sock'), REGISTRATION, { Register: register });
  }

  async stop(): Promise<void> {
    for (const resource of this.#clients.keys()) this.forget(resource);
    this.#clients.clear();
    await this.#server?.close();
  }

  /** Ends the stream of the resource, as kubelets with one socket for each resource do when another process ends. */
  forget(resource: string): void {
    this.#told.delete(resource);
    this.#streams.get(resource)?.cancel();
    this.#clients.get(resource)?.close();
  }

  /** Waits until what the kubelet was told of a resource holds. */
  async until(resource: string, holds: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const told = this.#told.get(resource);
      if (told !== undefined && holds(told)) return told;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** How the plugin ended the stream of the resource. */
  endOf(resource: string): Promise<'ended' | 'cut off'> | undefined {
    return this.#ends.get(resource);
  }

  told(resource: string): Told | undefined {
    return this.#told.get(resource);
  }

  /** Asks for devices, as for one container. */
  allocate(resource: string, ids: readonly string[]): Promise<unknown> {
    return this.#call(resource, {
      method: 'Allocate',
      request: encode('AllocateRequest', { container_requests: [{ devices_ids: ids }] }),
      response: 'AllocateResponse',
    });
  }

  prefer(resource: string, available: readonly string[], size: number): Promise<unknown> {
    const request = { available_deviceIDs: available, allocation_size: size };
    return this.#call(resource, {
      method: 'GetPreferredAllocation',
      request: encode('PreferredAllocationRequest', { container_requests: [request] }),
      response: 'PreferredAllocationResponse',
    });
  }

  #connect({ endpoint, resource_name: resource }: Registration): void {
    this.registrations.push(resource);
    const client = new Client(`unix:${join(this.folder, endpoint)}`, credentials.createInsecure());
    this.#clients.set(resource, client);
    const stream = client.makeServerStreamRequest(
      '/v1beta1.DevicePlugin/ListAndWatch',
      (message: object) => encode('Empty', message),
      (bytes: Buffer) => decode('ListAndWatchResponse', bytes) as { devices: { ID: string; health: 'Healthy' }[] },
      {},
    );
    this.#streams.set(resource, stream);
    stream.on('data', ({ devices }: { devices: { ID: string; health: 'Healthy' }[] }) => {
      this.#told.set(resource, Object.fromEntries(devices.map(({ ID, health }) => [ID, health])));
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
    const end = new Promise<'ended' | 'cut off'>((resolve) => {
      stream.on('end', () => resolve('ended'));
      stream.on('error', () => resolve('cut off'));
    });
    this.#ends.set(resource, end);
  }

  #call(
    resource: string,
    { method, request, response }: { readonly method: string; readonly request: Buffer; readonly response: string },
  ): Promise<unknown> {
    const client = this.#clients.get(resource);
    return new Promise((resolve, reject) => {
      client?.makeUnaryRequest(
        `/v1beta1.DevicePlugin/${method}`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => decode(response, bytes),
        request,
        (error: ServiceError | null, answer?: unknown) => (error ? reject(error) : resolve(answer)),
      );
    });
  }
}
