import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, FINALIZER, type NetworkAttachmentDefinition } from '@sriov/api';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { service } from './service.ts';

jest.setTimeout(60_000);

const GROUP = '/apis/sriovnetwork.openshift.io/v1';
const stop = new AbortController();
let operator: string;
let running: Promise<void>;

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  running = serve(
    service,
    {
      listen: '127.0.0.1:0',
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      namespace: operator,
      resourcePrefix: 'example.org',
      releaseFinalizers: false,
    },
    stop.signal,
  );
});
afterAll(async () => {
  stop.abort();
  await running;
});

const networkPath = (namespace: string, name = '', plural = 'sriovnetworks'): string =>
  `${GROUP}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const attachmentPath = (namespace: string, name: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`;

const createNetwork = async (
  namespace: string,
  name: string,
  spec: object = {},
  kind = 'SriovNetwork',
): Promise<void> => {
  const plural = `${kind.toLowerCase()}s`;
  const body = {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind,
    metadata: { name },
    spec: { resourceName: 'r', ...spec },
  };
  await request('POST', networkPath(namespace, '', plural), body);
};
const getAttachment = async (namespace: string, name: string): Promise<NetworkAttachmentDefinition> =>
  (await request('GET', attachmentPath(namespace, name))) as NetworkAttachmentDefinition;
const untilGone = (namespace: string, name: string): Promise<true> =>
  eventually(async () => (await tryRequest('GET', attachmentPath(namespace, name))).status === 404);

interface Network {
  metadata: { annotations?: Record<string, string>; finalizers?: string[]; resourceVersion: string };
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}
const getNetwork = async (namespace: string, name: string): Promise<Network> =>
  (await request('GET', networkPath(namespace, name))) as Network;
const untilReady = (namespace: string, name: string, expected: object): Promise<unknown> =>
  eventually(async () => {
    const network = await getNetwork(namespace, name);
    const ready = network.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject(expected);
    return network;
  });

describe('the network renderer', () => {
  it('makes the object in the namespace of the network, owned by it', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'blue', { vlan: 7 });
    await untilReady(namespace, 'blue', { status: 'True', reason: 'NetworkReady' });
    const attachment = await getAttachment(namespace, 'blue');
    expect(JSON.parse(attachment.spec?.config ?? '')).toMatchObject({ type: 'sriov', vlan: 7, logLevel: 'info' });
    expect(attachment.metadata).toMatchObject({
      annotations: { [ANNOTATION.resourceName]: 'example.org/r' },
      ownerReferences: [{ kind: 'SriovNetwork', name: 'blue' }],
    });
    expect((await getNetwork(namespace, 'blue')).metadata.finalizers).toBeUndefined();
  });

  it.each([
    ['SriovIBNetwork', 'ib-sriov'],
    ['OVSNetwork', 'ovs'],
  ])('renders a %s as well', async (kind, type) => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'net', {}, kind);
    const attachment = await eventually(() => getAttachment(namespace, 'net'));
    expect(JSON.parse(attachment.spec?.config ?? '')).toMatchObject({ type });
  });

  it('follows a network from one namespace to another, and cleans up when it is deleted', async () => {
    const [first, second] = [await createNamespace('first'), await createNamespace('second')];
    await createNetwork(operator, 'moving', { networkNamespace: first });
    await eventually(() => getAttachment(first, 'moving'));
    expect((await getNetwork(operator, 'moving')).metadata.finalizers).toEqual([FINALIZER.network]);
    await request('PATCH', networkPath(operator, 'moving'), { spec: { networkNamespace: second } });
    await eventually(() => getAttachment(second, 'moving'));
    await untilGone(first, 'moving');
    await eventually(async () => {
      const { metadata } = await getNetwork(operator, 'moving');
      return metadata.annotations?.[ANNOTATION.lastNetworkNamespace] === second;
    });
    await request('DELETE', networkPath(operator, 'moving'));
    await untilGone(second, 'moving');
    await eventually(async () => (await tryRequest('GET', networkPath(operator, 'moving'))).status === 404);
  });

  it('waits for a namespace, and goes on when it comes', async () => {
    const later = `later-${operator}`;
    await createNetwork(operator, 'early', { networkNamespace: later });
    await untilReady(operator, 'early', {
      status: 'False',
      reason: 'NamespaceNotFound',
      message: `namespace ${later} does not exist yet`,
    });
    await request('POST', '/api/v1/namespaces', { metadata: { name: later } });
    await untilReady(operator, 'early', { status: 'True' });
  });

  it('says where the JSON is wrong, and goes on when it is mended', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'broken', { ipam: '{"type": static}' });
    await untilReady(namespace, 'broken', {
      status: 'False',
      reason: 'NetworkAttachmentDefinitionInvalid',
      message: 'spec.ipam is not valid JSON: line 1, column 10: a value is expected, not "static}"',
    });
    await request('PATCH', networkPath(namespace, 'broken'), { spec: { ipam: '{"type": "static"}' } });
    await untilReady(namespace, 'broken', { status: 'True' });
  });

  it('restores what a user changed or deleted, and keeps what others added', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'kept');
    const { spec } = await eventually(() => getAttachment(namespace, 'kept'));
    const vandalism = { spec: { config: '{}' }, metadata: { labels: { theirs: 'yes' } } };
    await request('PATCH', attachmentPath(namespace, 'kept'), vandalism);
    const restored = await eventually(async () => {
      const attachment = await getAttachment(namespace, 'kept');
      return attachment.spec?.config === spec?.config && attachment;
    });
    expect(restored.metadata.labels).toEqual({ theirs: 'yes' });
    await request('DELETE', attachmentPath(namespace, 'kept'));
    await eventually(() => getAttachment(namespace, 'kept'));
  });

  it('leaves an object of another network alone until that lets go of it', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'same');
    await eventually(() => getAttachment(namespace, 'same'));
    await createNetwork(operator, 'same', { networkNamespace: namespace });
    const owner = `SriovNetwork.sriovnetwork.openshift.io/${namespace}/same`;
    await untilReady(operator, 'same', {
      status: 'False',
      message: `NetworkAttachmentDefinition ${namespace}/same belongs to ${owner}: rename one of the two networks`,
    });
    await request('DELETE', networkPath(namespace, 'same'));
    // No garbage collector runs here: what it would do, we do.
    await request('DELETE', attachmentPath(namespace, 'same'));
    await untilReady(operator, 'same', { status: 'True' });
  });

  it('leaves an object that somebody made by hand alone, says who has the name, and goes on when it is handed over', async () => {
    const namespace = await createNamespace('team');
    const manual = {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'manual' },
      spec: { config: '{"type":"bridge"}' },
    };
    await request('POST', attachmentPath(namespace, '').replace(/\/$/, ''), manual);
    await createNetwork(operator, 'manual', { networkNamespace: namespace });
    await untilReady(operator, 'manual', {
      status: 'False',
      reason: 'NetworkAttachmentDefinitionInvalid',
      message: expect.stringContaining(`${namespace}/manual is there already and names no owner`),
    });
    await request('DELETE', networkPath(operator, 'manual'));
    await createNetwork(namespace, 'manual');
    await untilReady(namespace, 'manual', { status: 'False' });
    expect((await getAttachment(namespace, 'manual')).spec).toEqual(manual.spec);
    const owner = `SriovNetwork.sriovnetwork.openshift.io/${namespace}/manual`;
    await request('PATCH', attachmentPath(namespace, 'manual'), {
      metadata: { annotations: { [ANNOTATION.ownerRef]: owner } },
    });
    await untilReady(namespace, 'manual', { status: 'True' });
  });

  it("takes over what upstream's operator made before it wrote owners", async () => {
    const namespace = await createNamespace('team');
    const before = { metadata: { name: 'moved' }, spec: { config: '{"type":"sriov"}' } };
    await request('POST', attachmentPath(namespace, '').replace(/\/$/, ''), {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      ...before,
    });
    await request('POST', networkPath(operator), {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetwork',
      metadata: {
        name: 'moved',
        annotations: { [ANNOTATION.lastNetworkNamespace]: namespace },
        finalizers: [FINALIZER.network],
      },
      spec: { resourceName: 'r', networkNamespace: namespace },
    });
    await untilReady(operator, 'moved', { status: 'True' });
    expect((await getAttachment(namespace, 'moved')).metadata.annotations).toMatchObject({
      [ANNOTATION.ownerRef]: `SriovNetwork.sriovnetwork.openshift.io/${operator}/moved`,
    });
  });

  it('records an event for what people should know', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'noisy', { metaPlugins: '{},' });
    await eventually(async () => {
      const { items } = (await request('GET', `/api/v1/namespaces/${namespace}/events`)) as {
        items: { type: string; reason: string; involvedObject: { name: string } }[];
      };
      return items.some(({ type, reason, involvedObject }) => {
        return type === 'Warning' && reason === 'NetworkAttachmentDefinitionInvalid' && involvedObject.name === 'noisy';
      });
    });
  });

  it('writes nothing when nothing changed', async () => {
    const namespace = await createNamespace('team');
    await createNetwork(namespace, 'quiet');
    await untilReady(namespace, 'quiet', { status: 'True' });
    const versions = async (): Promise<unknown> => [
      (await getNetwork(namespace, 'quiet')).metadata.resourceVersion,
      (await getAttachment(namespace, 'quiet')).metadata.resourceVersion,
    ];
    await eventually(async () => (await getNetwork(namespace, 'quiet')).metadata.annotations !== undefined);
    const before = await versions();
    // Another network that goes through all its steps shows that the renderer had time to do something.
    await createNetwork(namespace, 'other');
    await untilReady(namespace, 'other', { status: 'True' });
    expect(await versions()).toEqual(before);
  });

  it.each([
    ['a pool', 'SriovNetworkPoolConfig', 'sriovnetworkpoolconfigs', 'poolconfig'],
    ['the SriovOperatorConfig', 'SriovOperatorConfig', 'sriovoperatorconfigs', 'operatorconfig'],
  ])(
    "leaves upstream's finalizer on %s until that is deleted, and then takes it off",
    async (_, kind, plural, name) => {
      const finalizers = [`${name}.finalizers.sriovnetwork.openshift.io`];
      const path = networkPath(operator, 'default', plural);
      await request('POST', networkPath(operator, '', plural), {
        ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind, metadata: { name: 'default', finalizers }, spec: {} },
      });
      // Another network that goes through all its steps shows that the renderer had time to do something.
      await createNetwork(operator, `after-${name}`);
      await untilReady(operator, `after-${name}`, { status: 'True' });
      expect(await request('GET', path)).toMatchObject({ metadata: { finalizers } });
      await request('DELETE', path);
      await eventually(async () => (await tryRequest('GET', path)).status === 404);
    },
  );
});
