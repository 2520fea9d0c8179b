// Plays a kubelet on real sockets in a process of its own: `main.ts FOLDER`, where FOLDER stands for /var/lib/kubelet.
// It does what it is asked over the channel to its parent, and tells it of every list that a device plugin sends.
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { messageOf } from '@sriov/errors';
import { encodePodResources, LIST_POD_RESOURCES } from '@sriov/host';
import { ECHO_METHOD, type KubeletNews, type KubeletRequest, monotonicMs, requestSchema } from './messages.ts';
import { serve } from './serve.ts';
import { readList, readRegistration, writeAllocate } from './wire.ts';

/** As many as a kubelet lets run on its node by default. */
const PODS = 110;

const [folder = ''] = process.argv.slice(2);
const plugins = new Map<string, Client>();
/** The resource of each device that a pod has. */
const given = new Map<string, string>();

const asIs = (bytes: Buffer): Buffer => bytes;
const connect = (socket: string): Client => new Client(`unix:${socket}`, credentials.createInsecure());
const tell = (news: KubeletNews): void => void process.send?.(news);

function register(request: Buffer): Uint8Array {
  const { endpoint, resource_name: resource } = readRegistration(request);
  const plugin = connect(join(folder, 'device-plugins', endpoint));
  plugins.get(resource)?.close();
  plugins.set(resource, plugin);
  const stream = plugin.makeServerStreamRequest('/v1beta1.DevicePlugin/ListAndWatch', asIs, asIs, Buffer.alloc(0));
  stream.on('data', (bytes: Buffer) => {
    const atMs = monotonicMs();
    const { devices } = readList(bytes);
    const having = (isHealthy: boolean): string[] =>
      devices.flatMap(({ ID, health }) => ((health === 'Healthy') === isHealthy ? [ID] : []));
    tell({ tell: 'list', resource, atMs, healthy: having(true), unhealthy: having(false) });
  });
  // The end of the plugin, or of its socket.
  stream.on('error', () => undefined);
  return Buffer.alloc(0);
}

function listPods(): Uint8Array {
  const held = [...given];
  const pods = Array.from({ length: Math.max(PODS, held.length) }, (_, index) => {
    const [id, resourceName] = held[index] ?? [];
    const devices = id === undefined ? [] : [{ resourceName, deviceIds: [id] }];
    return { name: `pod-${index}`, namespace: 'default', containers: [{ devices }] };
  });
  return encodePodResources({ podResources: pods });
}

function call(client: Client, method: string, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(method, asIs, asIs, request, (error: ServiceError | null) =>
      error === null ? resolve() : reject(error),
    );
  });
}

async function callEach(client: Client, method: string, ids: readonly string[]): Promise<number[]> {
  const took: number[] = [];
  for (const id of ids) {
    const request = writeAllocate(id);
    const begin = performance.now();
    await call(client, method, request);
    took.push(performance.now() - begin);
  }
  return took;
}

async function carryOut(request: KubeletRequest): Promise<number[]> {
  if (request.ask === 'echo') return callEach(connect(request.socket), ECHO_METHOD, request.ids);
  const took: number[] = [];
  for (const { resource, id } of request.devices) {
    const plugin = plugins.get(resource);
    if (plugin === undefined) throw new Error(`no plugin has registered ${resource}`);
    took.push(...(await callEach(plugin, '/v1beta1.DevicePlugin/Allocate', [id])));
    given.set(id, resource);
  }
  return took;
}

await serve(join(folder, 'device-plugins/kubelet.sock'), { '/v1beta1.Registration/Register': register });
await serve(join(folder, 'pod-resources/kubelet.sock'), { [LIST_POD_RESOURCES.method]: listPods });
process.on('message', (message) => {
  carryOut(requestSchema.parse(message)).then(
    (ms) => tell({ tell: 'took', ms }),
    (error: unknown) => tell({ tell: 'failed', why: messageOf(error) }),
  );
});
tell({ tell: 'serves' });
