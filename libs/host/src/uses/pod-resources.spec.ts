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
const RESOURCE = 'openshift.io/nics';
const pod = (name: string, ...deviceIds: string[]): NonNullable<PodResourcesAnswer['podResources']>[number] => ({
  namespace: 'default',
  name,
  containers: [{ devices: [{ resourceName: RESOURCE, deviceIds }] }],
});
const readAll = (pod?: string): ReturnType<typeof readAllocations> =>
  readAllocations(new HostKernel({ hostRoot, pod }));
/** Without the data that words are made of. */
const read = async (own?: string): Promise<object> => {
  const { allocated: _, ...rest } = await readAll(own);
  return rest;
};
/** The file of a device manager that has given these devices to pods, by the UID of the pod. */
const checkpoint = (...entries: { PodUID: string; DeviceIDs: unknown; ResourceName?: string }[]): string =>
  JSON.stringify({ Data: { PodDeviceEntries: entries }, Checksum: 1 });

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
    remember(checkpoint({ PodUID: 'u-1', DeviceIDs }));
    expect(await read()).toEqual({ byDevice: new Map([[VF, 'the pod with the UID u-1']]) });
  });

  it('is nothing when the file says so, and there is no socket', async () => {
    remember(JSON.stringify({ Data: { PodDeviceEntries: null, RegisteredDevices: {} }, Checksum: 1 }));
    expect(await read()).toEqual({ byDevice: new Map() });
  });

  it('is unknown when the kubelet does not answer, and there is no file', async () => {
    await serve(undefined);
    const { unknown, byDevice } = await readAll();
    expect(byDevice.size).toBe(0);
    expect(unknown).toMatch(/^the kubelet cannot be asked \(call .*RESOURCE_EXHAUSTED \(.*rejected by rate limit\)\)$/);
  });

  it('is unknown when nobody listens on the socket, and there is no file', async () => {
    writeFileSync(`${hostRoot}${SOCKET}`, '');
    expect((await readAll()).unknown).toMatch(/UNAVAILABLE/);
  });

  it.each(['{"Data":', '{"Data":{"PodDeviceEntries":[{"PodUID":7}]}}', '[]'])(
    'is unknown when the file cannot be understood: %s',
    async (text) => {
      remember(text);
      expect((await readAll()).unknown).toMatch(
        /^the kubelet cannot be asked \(\/\S+checkpoint cannot be understood: .+\)$/,
      );
    },
  );

  it('is unknown when the answer is none', async () => {
    await serve(Uint8Array.from([0x0a, 0xff, 1]));
    expect((await readAll()).unknown).toMatch(/^the kubelet cannot be asked/);
  });

  it('is missing where there is no kubelet', async () => {
    expect(await read()).toEqual({
      byDevice: new Map(),
      missing: `there is neither ${SOCKET} nor ${CHECKPOINT}: a VF that the kubelet has given to a pod, and that nothing else shows to be in use, counts as free`,
    });
  });

  it.each<[string, string, object]>([
    ['by name, as the kubelet answers', '', { pod: 'default/web' }],
    [
      'by UID, where only the file tells',
      checkpoint({ PodUID: 'u-1', ResourceName: RESOURCE, DeviceIDs: [VF] }),
      { pod: 'UID u-1' },
    ],
  ])('is told with its resource, and the pod %s', async (_, file, expected) => {
    if (file === '') await serve(encodePodResources({ podResources: [pod('web', VF), pod('web', VF)] }));
    else remember(file);
    expect((await readAll()).allocated).toEqual(new Map([[VF, [{ resource: RESOURCE, ...expected }]]]));
  });
});

describe('what a kubelet says that has just started', () => {
  const remembered = checkpoint({ PodUID: 'u-1', DeviceIDs: [VF] }, { PodUID: 'u-2', DeviceIDs: ['0000:01:10.2'] });
  const [web, other] = ['pod default/web', 'the pod with the UID u-2'];

  it.each<[string, string[], string | undefined]>([
    ['no pod, to somebody outside of pods', [], undefined],
    ['no pod', [], 'sriov/daemon'],
    ['pods without the one that asks', ['proxy'], 'sriov/daemon'],
  ])('is not all: %s. Then the file counts', async (_, pods, own) => {
    await serve(encodePodResources({ podResources: pods.map((name) => pod(name)) }));
    remember(remembered);
    expect(await read(own)).toEqual({
      byDevice: new Map([
        [VF, 'the pod with the UID u-1'],
        ['0000:01:10.2', other],
      ]),
    });
  });

  it('is not all, and counts beside the file, which knows no names', async () => {
    await serve(encodePodResources({ podResources: [pod('web', VF)] }));
    remember(remembered);
    expect(await read('sriov/daemon')).toEqual({
      byDevice: new Map([
        [VF, web],
        ['0000:01:10.2', other],
      ]),
    });
  });

  it.each<[string, string[], string | undefined]>([
    ['names the pod that asks', ['daemon'], 'default/daemon'],
    ['names a pod, for somebody outside of pods', ['daemon'], undefined],
  ])('is all as soon as it %s: the file may be of yesterday', async (_, pods, own) => {
    await serve(encodePodResources({ podResources: pods.map((name) => pod(name)) }));
    remember(remembered);
    expect(await read(own)).toEqual({ byDevice: new Map() });
  });

  it.each<[string, string | undefined, object]>([
    [
      'is unknown when the pod that asks is not there yet',
      'sriov/daemon',
      { unknown: `the kubelet does not know the pod sriov/daemon yet, and there is no ${CHECKPOINT}` },
    ],
    ['is all that can be said to somebody outside of pods', undefined, {}],
  ])('%s, without the file', async (_, own, expected) => {
    await serve(encodePodResources({}));
    expect(await read(own)).toEqual({ byDevice: new Map(), ...expected });
  });

  it.each<[string | undefined, string]>([
    [undefined, 'the kubelet knows no pod yet'],
    ['sriov/daemon', 'the kubelet does not know the pod sriov/daemon yet'],
  ])('is unknown beyond what it names when the file cannot be understood (asked by %s)', async (own, doubt) => {
    await serve(encodePodResources({}));
    remember('{"Data":');
    expect(await read(own)).toEqual({
      byDevice: new Map(),
      unknown: `${doubt}, and ${CHECKPOINT} cannot be understood: it is not JSON, or not all of it`,
    });
  });
});
