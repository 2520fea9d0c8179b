import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEVICE_PLUGIN_CONFIG_MAP,
  type KubeObject,
  type NodeStateSpec,
  type OwnerReference,
  type SriovNetwork,
} from '@sriov/api';
import { parseWorld, SimulatedKernel, StateFile } from '@sriov/host-sim';
import { FakeClock, readJson, request } from '@sriov/testing';
import { findObject, VECTOR_NAMESPACE, VECTORS } from '@sriov/testing/upstream-vectors';
import { stringify } from 'yaml';
import { z } from 'zod';

/** A node that upstream's operator has configured, and its cluster. */
export interface UpstreamCluster {
  /** Namespace of the operator. */
  readonly namespace: string;
  /** Name of the node, and of its node state. */
  readonly node: string;
  /** World and machine of the simulated host. */
  readonly worldFile: string;
  readonly machineFile: string;
  /** Upstream's folder on the host. */
  readonly hostFolder: string;
}

export const PF = '0000:01:00.0';
const VENDOR = '8086';
const LABEL = 'migration.test/node';
const WORLD = {
  latency: 'none',
  modules: ['igbvf'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: '0000:02:00.0', bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20' },
  ],
};

/** The entry of the PF, in the node state and in upstream's file on the host. */
const ENTRY = {
  pciAddress: PF,
  numVfs: 4,
  name: 'ens1',
  vfGroups: [{ resourceName: 'fast', deviceType: 'netdevice', vfRange: '0-3', policyName: 'fast' }],
};
const CONFIG_TEXT =
  '{"resourceList":[{"resourceName":"fast","selectors":{"vendors":["8086"],"devices":["10ca"],"pfNames":["ens1"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null}]}';

/** Makes 4 VFs as upstream's daemon does, and leaves its files. */
export async function makeUpstreamHost(cluster: UpstreamCluster): Promise<void> {
  const { worldFile, machineFile, hostFolder } = cluster;
  writeFileSync(worldFile, stringify(WORLD));
  const kernel = new SimulatedKernel({
    world: parseWorld(WORLD),
    clock: new FakeClock(),
    stateFile: new StateFile(machineFile),
  });
  await kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '4');
  // The address of each VF, set through the PF: it then survives a change of the driver.
  for (const { device = '', mac } of Object.values(kernel.state.links)) {
    const { pf, index } = kernel.state.devices[device]?.vf ?? {};
    if (pf === PF) await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'vf', String(index), 'mac', mac]);
  }
  // Upstream's daemon loads both when it starts.
  for (const module of ['vhost_net', 'tun']) await kernel.exec('modprobe', ['--', module]);
  mkdirSync(join(hostFolder, 'pci'), { recursive: true });
  writeFileSync(join(hostFolder, 'pci', PF), JSON.stringify(ENTRY));
}

/** What upstream's daemon reports of the machine. */
function reportedBy(machineFile: string): object[] {
  const kernel = new SimulatedKernel({
    world: parseWorld(WORLD),
    clock: new FakeClock(),
    stateFile: new StateFile(machineFile),
  });
  const linkOf = (address: string): readonly [string, { readonly mac: string }] | undefined =>
    Object.entries(kernel.state.links).find(([, { device }]) => device === address);
  const port = { driver: 'igb', vendor: VENDOR, deviceID: '10c9', mtu: 1500, totalvfs: 7, linkType: 'ETH' };
  const vfs = (kernel.state.devices[PF]?.pf?.vfs ?? []).map((address, vfID) => {
    const [name, link] = linkOf(address ?? '') ?? [];
    return {
      name,
      mac: link?.mac,
      driver: 'igbvf',
      pciAddress: address,
      vendor: VENDOR,
      deviceID: '10ca',
      mtu: 1500,
      vfID,
    };
  });
  return [
    {
      name: 'ens1',
      mac: '52:54:00:aa:00:10',
      ...port,
      pciAddress: PF,
      numVfs: 4,
      Vfs: vfs,
      ...{ linkSpeed: '1000 Mb/s', linkAdminState: 'up', eSwitchMode: 'legacy' },
    },
    {
      name: 'ens2',
      mac: '52:54:00:aa:00:20',
      ...port,
      pciAddress: '0000:02:00.0',
      ...{ linkSpeed: '-1 Mb/s', linkAdminState: 'down', eSwitchMode: 'legacy' },
    },
  ];
}

/** Paths of the API. */
export const paths = {
  sriov: (namespace: string, plural: string, name = ''): string =>
    `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, ''),
  apps: (namespace: string, plural: string, name = ''): string =>
    `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, ''),
  core: (namespace: string, plural: string, name = ''): string =>
    `/api/v1/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, ''),
  attachments: (namespace: string, name = ''): string =>
    `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`.replace(/\/$/, ''),
};

/** Requests that upstream's operator makes carry its name as the field manager. */
const asUpstream = (path: string): string => `${path}?fieldManager=sriov-network-operator`;

/** A DaemonSet as upstream's operator makes it. */
export function upstreamDaemonSet(app: string, owner: OwnerReference): object {
  const labels = { app, component: 'network', type: 'infra', 'openshift.io/component': 'network' };
  const pod = {
    ...{ hostNetwork: true, serviceAccountName: app, tolerations: [{ operator: 'Exists' }] },
    initContainers: [{ name: 'prepare', image: 'upstream-prepare:1' }],
    containers: [{ name: app, image: `upstream-${app}:1`, securityContext: { privileged: true } }],
  };
  return {
    metadata: {
      name: app,
      annotations: { 'release.openshift.io/version': '' },
      ownerReferences: [owner],
    },
    spec: {
      selector: { matchLabels: { app } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '33%' } },
      template: { metadata: { labels }, spec: pod },
    },
  };
}

/** The DaemonSets of upstream that have the names of ours. */
export const UPSTREAM_DAEMON_SETS = ['sriov-network-config-daemon', 'sriov-device-plugin'] as const;

/** A network for which a recorded attachment exists, and that attachment. */
export const RECORDED_NETWORK = 'net-1';
const [, RECORDED] = VECTORS.find(([input]) => input === 'input-05')!;

/** Creates all that upstream has in the cluster; returns the owner of what it has made. */
export async function createUpstreamObjects(cluster: UpstreamCluster): Promise<OwnerReference> {
  const { namespace, node } = cluster;
  const owner = await createConfig(cluster);
  await request('POST', '/api/v1/nodes', {
    metadata: {
      name: node,
      labels: { [LABEL]: node, 'kubernetes.io/os': 'linux', 'sriovnetwork.openshift.io/device-plugin': 'Enabled' },
      annotations: { 'sriovnetwork.openshift.io/state': 'Idle' },
    },
  });
  await request('POST', asUpstream(paths.sriov(namespace, 'sriovnetworknodepolicies')), {
    ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetworkNodePolicy', metadata: { name: 'fast' } },
    spec: {
      ...{ resourceName: 'fast', nodeSelector: { [LABEL]: node }, numVfs: 4, priority: 99, isRdma: false },
      nicSelector: { vendor: VENDOR, deviceID: '10c9', pfNames: ['ens1'] },
    },
  });
  await createState(cluster, owner);
  await request('POST', asUpstream(paths.core(namespace, 'configmaps')), {
    metadata: { name: DEVICE_PLUGIN_CONFIG_MAP, ownerReferences: [owner] },
    data: { [node]: CONFIG_TEXT },
  });
  await request('POST', paths.apps(namespace, 'deployments'), {
    metadata: { name: 'sriov-network-operator' },
    spec: {
      selector: { matchLabels: { name: 'sriov-network-operator' } },
      template: {
        metadata: { labels: { name: 'sriov-network-operator' } },
        spec: { containers: [{ name: 'operator', image: 'upstream:1', command: ['sriov-network-operator'] }] },
      },
    },
  });
  for (const app of UPSTREAM_DAEMON_SETS) {
    const daemonSet = upstreamDaemonSet(app, owner);
    await request('POST', asUpstream(paths.apps(namespace, 'daemonsets')), daemonSet);
    await request('POST', paths.core(namespace, 'pods'), {
      metadata: { name: `${app}-x`, labels: { app } },
      spec: { nodeName: node, containers: [{ name: 'c', image: 'c' }] },
    });
  }
  await createNetwork(namespace);
  return owner;
}

async function createConfig({ namespace, node }: UpstreamCluster): Promise<OwnerReference> {
  const { metadata } = (await request('POST', paths.sriov(namespace, 'sriovoperatorconfigs'), {
    ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovOperatorConfig' },
    metadata: { name: 'default', finalizers: ['operatorconfig.finalizers.sriovnetwork.openshift.io'] },
    spec: { configDaemonNodeSelector: { [LABEL]: node }, logLevel: 2, disableDrain: false },
  })) as KubeObject;
  return {
    ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovOperatorConfig', name: 'default' },
    ...{ uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true },
  };
}

/** With the empty objects that upstream writes. */
async function createState({ namespace, node, machineFile }: UpstreamCluster, owner: OwnerReference): Promise<void> {
  const path = paths.sriov(namespace, 'sriovnetworknodestates');
  await request('POST', asUpstream(path), {
    ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetworkNodeState' },
    metadata: {
      name: node,
      ownerReferences: [owner],
      annotations: {
        'sriovnetwork.openshift.io/desired-state': 'Idle',
        'sriovnetwork.openshift.io/current-state': 'Idle',
      },
    },
    spec: { interfaces: [ENTRY], bridges: {}, system: {} } satisfies NodeStateSpec,
  });
  await request('PATCH', `${path}/${node}/status`, {
    status: {
      ...{ interfaces: reportedBy(machineFile), bridges: {}, system: { rdmaMode: 'shared' } },
      syncStatus: 'Succeeded',
    },
  });
}

/** A recorded value in which the namespace of the operator is this one. */
function movedTo<T>(namespace: string, value: T): T {
  const text = JSON.stringify(value).replaceAll(VECTOR_NAMESPACE, namespace);
  return readJson(
    z.custom<T>((read) => typeof read === typeof value),
    text,
  );
}

/** The network and the attachment as upstream recorded them, in another namespace. */
async function createNetwork(namespace: string): Promise<void> {
  const moved = <T>(value: T): T => movedTo(namespace, value);
  const network = moved(findObject<SriovNetwork & { kind: string }>(RECORDED, 'SriovNetwork', RECORDED_NETWORK)!);
  const { metadata } = (await request('POST', paths.sriov(namespace, 'sriovnetworks'), {
    ...network,
    metadata: {
      ...network.metadata,
      finalizers: ['netattdef.finalizers.sriovnetwork.openshift.io'],
      annotations: { 'operator.sriovnetwork.openshift.io/last-network-namespace': namespace },
    },
  })) as KubeObject;
  const recorded = RECORDED.expected.networks.find(({ name }) => name === RECORDED_NETWORK)?.attachment;
  const { annotations, config } = moved(recorded!);
  await request('POST', asUpstream(paths.attachments(namespace)), {
    ...{ apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition' },
    metadata: {
      ...{ name: RECORDED_NETWORK, annotations },
      ownerReferences: [
        {
          ...{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetwork', name: RECORDED_NETWORK },
          uid: metadata.uid,
        },
      ],
    },
    spec: { config },
  });
}

/** The file of a PF on the host. */
export function readPfFile({ hostFolder }: UpstreamCluster): string {
  return readFileSync(join(hostFolder, 'pci', PF), 'utf8');
}
