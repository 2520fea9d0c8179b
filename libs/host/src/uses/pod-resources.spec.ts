import { mkdtemp, rm } from 'node:fs/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { HostKernel } from '../kernel/host-kernel.ts';
import { encodePodResources, type PodResourcesAnswer, readAllocations } from './pod-resources.ts';

const VF = '0000:01:10.0';
const CHECKPOINT = '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint';
const SOCKET = '/var/lib/kubelet/pod-resources/kubelet.sock';

let hostRoot: string;
let server: Server | undefined;

beforeEach(async () => {
  hostRoot = await mkdtemp(join(tmpdir(), 'kubelet-'));
  mkdirSync(join(hostRoot, 'var/lib/kubelet/pod-resources'), { recursive: true });
  mkdirSync(join(hostRoot, 'var/lib/kubelet/device-plugins'), { recursive: true });
});

afterEach(async () => {
  server?.forceShutdown();
  server = undefined;
  await rm(hostRoot, { recursive: true });
});

/** A kubelet that answers with this, or with an error. */
async function serve(answer: Uint8Array | undefined): Promise<void> {
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  server = new Server();
  server.addService(
    {
      List: {
        path: '/v1.PodResourcesLister/List',
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      List: (_: unknown, callback: (error: object | null, value?: Uint8Array) => void) =>
        answer
          ? callback(null, answer)
          : callback({ code: status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' }),
    },
  );
  await new Promise<void>((resolve, reject) => {
    server?.bindAsync(`unix:${hostRoot}${SOCKET}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

const remember = (text: string): void => writeFileSync(`${hostRoot}${CHECKPOINT}`, text);
const pod = (name: string, ...deviceIds: string[]): NonNullable<PodResourcesAnswer['podResources']>[number] => ({
  namespace: 'default',
  name,
  containers: [{ devices: [{ deviceIds }] }],
});
const read = (): ReturnType<typeof readAllocations> => readAllocations(new HostKernel({ hostRoot }));

describe('what the kubelet has given to pods', () => {
  it('is what its pod-resources API lists', async () => {
    await serve(
      encodePodResources({ podResources: [pod('web', VF, '0000:01:10.2'), pod('db', 'gpu-7'), pod('idle')] }),
    );
    expect(await read()).toEqual({
      byDevice: new Map([
        [VF, 'pod default/web'],
        ['0000:01:10.2', 'pod default/web'],
        ['gpu-7', 'pod default/db'],
      ]),
    });
  });

  it('is read whatever else the kubelet tells of pods', async () => {
    // A pod "a" in "b" with a container that has the device "d" and cpu_ids, and with cpu_ids of its own (fields 4 and 3).
    const container = [0x0a, 1, 0x63, 0x12, 3, 0x12, 1, 0x64, 0x1a, 2, 1, 2];
    const message = [0x0a, 1, 0x61, 0x12, 1, 0x62, 0x1a, container.length, ...container, 0x22, 2, 1, 2];
    await serve(Uint8Array.from([0x0a, message.length, ...message]));
    expect(await read()).toEqual({ byDevice: new Map([['d', 'pod b/a']]) });
  });

  it('names both pods that a faulty plugin gave one device', async () => {
    await serve(encodePodResources({ podResources: [pod('web', VF), pod('web', VF), pod('db', VF)] }));
    expect(await read()).toEqual({ byDevice: new Map([[VF, 'pod default/web, pod default/db']]) });
  });

  it.each<[string, unknown]>([
    ['by NUMA node', { '-1': [VF], '0': null }],
    ['in a list, as kubelets before 1.20 wrote them', [VF]],
  ])('is in the file of its device manager %s, where it does not answer', async (_, DeviceIDs) => {
    await serve(undefined);
    remember(JSON.stringify({ Data: { PodDeviceEntries: [{ PodUID: 'u-1', DeviceIDs }] }, Checksum: 1 }));
    expect(await read()).toEqual({ byDevice: new Map([[VF, 'the pod with the UID u-1']]) });
  });

  it('is nothing when the file says so, and there is no socket', async () => {
    remember(JSON.stringify({ Data: { PodDeviceEntries: null, RegisteredDevices: {} }, Checksum: 1 }));
    expect(await read()).toEqual({ byDevice: new Map() });
  });

  it('is unknown when the kubelet does not answer, and there is no file', async () => {
    await serve(undefined);
    const { unknown, byDevice } = await read();
    expect(byDevice.size).toBe(0);
    expect(unknown).toMatch(/^the kubelet cannot be asked \(call .*RESOURCE_EXHAUSTED \(.*rejected by rate limit\)\)$/);
  });

  it('is unknown when nobody listens on the socket, and there is no file', async () => {
    writeFileSync(`${hostRoot}${SOCKET}`, '');
    expect((await read()).unknown).toMatch(/UNAVAILABLE/);
  });

  it.each(['{"Data":', '{"Data":{"PodDeviceEntries":[{"PodUID":7}]}}', '[]'])(
    'is unknown when the file cannot be understood: %s',
    async (text) => {
      remember(text);
      expect((await read()).unknown).toBe(`the kubelet cannot be asked (${CHECKPOINT} cannot be understood)`);
    },
  );

  it('is unknown when the answer is none', async () => {
    await serve(Uint8Array.from([0x0a, 0xff, 1]));
    expect((await read()).unknown).toMatch(/^the kubelet cannot be asked/);
  });

  it('is missing where there is no kubelet', async () => {
    expect(await read()).toEqual({
      byDevice: new Map(),
      missing: `there is neither ${SOCKET} nor ${CHECKPOINT}: a VF that the kubelet has given to a pod, and that nothing else shows to be in use, counts as free`,
    });
  });
});
