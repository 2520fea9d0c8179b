import { ANNOTATION, type DrainProgress, type DrainRequest, formatTime, type SriovNetworkNodeState } from '@sriov/api';
import { type Node, type Pod } from '@sriov/kube';
import { createNamespace, eventually, request, tryRequest } from '@sriov/testing';

const GROUP = '/apis/sriovnetwork.openshift.io/v1';

/** What a test pod is like. */
interface PodFacts {
  /** Resource of which it holds one device: by its container, or its init container. */
  readonly resource?: string;
  readonly inInit?: boolean;
  readonly labels?: object;
  /** Name of its ResourceClaim. */
  readonly claim?: string;
}

/** A fleet without kubelets and daemons: the test does what they would do. */
export class TestFleet {
  readonly namespace: string;
  readonly #nodes: string[] = [];
  readonly #refusals: string[] = [];

  private constructor(namespace: string) {
    this.namespace = namespace;
  }

  static async create(): Promise<TestFleet> {
    return new TestFleet(await createNamespace('operator'));
  }

  /** Adds a healthy node with a node state on which its daemon has reported. */
  async addNode(name: string, labels: Record<string, string> = {}): Promise<void> {
    await request('POST', '/api/v1/nodes', { metadata: { name, labels } });
    await this.setReady(name, true);
    await request('POST', this.#statePath(), { kind: 'SriovNetworkNodeState', apiVersion: API, metadata: { name } });
    const lastTransitionTime = formatTime(Date.now());
    const ready = { type: 'Ready', status: 'True', reason: 'InSync', message: 'as wanted', lastTransitionTime };
    await request('PATCH', `${this.#statePath(name)}/status`, { status: { conditions: [ready] } });
    this.#nodes.push(name);
  }

  async setReady(name: string, isReady: boolean): Promise<void> {
    const lastTransitionTime = formatTime(Date.now());
    const status = isReady ? 'True' : 'False';
    const condition = { type: 'Ready', status, reason: 'Test', message: '', lastTransitionTime };
    await request('PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions: [condition] } });
  }

  async addPool(name: string, spec: object): Promise<void> {
    const path = `${GROUP}/namespaces/${this.namespace}/sriovnetworkpoolconfigs`;
    await request('POST', path, { kind: 'SriovNetworkPoolConfig', apiVersion: API, metadata: { name }, spec });
  }

  async setMaxUnavailable(pool: string, maxUnavailable: number | string): Promise<void> {
    const path = `${GROUP}/namespaces/${this.namespace}/sriovnetworkpoolconfigs/${pool}`;
    await request('PATCH', path, { spec: { maxUnavailable } });
  }

  /** Somebody wants nodes to keep their pods. */
  async disableDrain(): Promise<void> {
    const path = `${GROUP}/namespaces/${this.namespace}/sriovoperatorconfigs`;
    const config = { kind: 'SriovOperatorConfig', apiVersion: API, metadata: { name: 'default' } };
    await request('POST', path, { ...config, spec: { disableDrain: true } });
  }

  /** Writes the request as the daemon does: on the Node first. */
  async ask(name: string, asked: DrainRequest): Promise<void> {
    await eventually(async () => this.annotation(name, ANNOTATION.desiredState));
    await this.annotateNode(name, { [ANNOTATION.nodeState]: asked });
    await this.annotate(name, { [ANNOTATION.desiredState]: asked });
  }

  async annotateNode(name: string, annotations: Record<string, string>): Promise<void> {
    await request('PATCH', `/api/v1/nodes/${name}`, { metadata: { annotations } });
  }

  async annotate(name: string, annotations: Record<string, string | null>): Promise<void> {
    await request('PATCH', this.#statePath(name), { metadata: { annotations } });
  }

  async annotation(name: string, annotation: string): Promise<string | undefined> {
    return (await this.nodeState(name)).metadata.annotations?.[annotation];
  }

  async nodeState(name: string): Promise<SriovNetworkNodeState> {
    return (await request('GET', this.#statePath(name))) as SriovNetworkNodeState;
  }

  async node(name: string): Promise<Node> {
    return (await request('GET', `/api/v1/nodes/${name}`)) as Node;
  }

  async cordon(name: string, unschedulable: boolean): Promise<void> {
    await request('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable } });
  }

  async isCordoned(name: string): Promise<boolean> {
    return (await this.node(name)).spec?.unschedulable === true;
  }

  async progress(name: string): Promise<DrainProgress | undefined> {
    return (await this.annotation(name, ANNOTATION.currentState)) as DrainProgress | undefined;
  }

  /** Waits until the drain of the node is there. */
  async until(name: string, progress: DrainProgress): Promise<void> {
    await eventually(async () => (await this.progress(name)) === progress);
  }

  /** How far each node is. */
  async all(): Promise<Record<string, DrainProgress | undefined>> {
    return Object.fromEntries(
      await Promise.all(this.#nodes.map(async (name) => [name, await this.progress(name)] as const)),
    );
  }

  /** Message and reason of the condition `Drained`. */
  async condition(name: string): Promise<{ reason: string; message: string } | undefined> {
    const { status } = await this.nodeState(name);
    return status?.conditions?.find(({ type }) => type === 'Drained');
  }

  /** Runs a pod on the node; with `resource` it holds one device of it. */
  async addPod(name: string, node: string, rest: PodFacts = {}): Promise<void> {
    const { resource, inInit = false, claim } = rest;
    const spec = {
      nodeName: node,
      containers: [containerOf(inInit ? undefined : resource)],
      ...(inInit && { initContainers: [{ ...containerOf(resource), name: 'init' }] }),
      ...(claim !== undefined && { resourceClaims: [{ name: 'vf', resourceClaimName: claim }] }),
    };
    await request('POST', this.#podPath(), { metadata: { name, labels: rest.labels }, spec });
    await this.#startPod(name);
  }

  /** Makes a claim to which a driver has allocated a device. */
  async addClaim(name: string, driver: string): Promise<void> {
    const path = `/apis/resource.k8s.io/v1/namespaces/${this.namespace}/resourceclaims`;
    const requests = [{ name: 'vf', exactly: { deviceClassName: 'vf' } }];
    await request('POST', path, { metadata: { name }, spec: { devices: { requests } } });
    const results = [{ request: 'vf', driver, pool: 'p', device: 'd' }];
    await request('PATCH', `${path}/${name}/status`, { status: { allocation: { devices: { results } } } });
  }

  /** Lets a pod succeed, as a kubelet does. */
  async succeed(name: string): Promise<void> {
    await request('PATCH', `${this.#podPath(name)}/status`, { status: { phase: 'Succeeded' } });
  }

  /** Reasons and messages of the Events about an object. */
  async events(kind: string, name: string): Promise<{ reason: string; message: string; type: string }[]> {
    const selector = encodeURIComponent(`involvedObject.kind=${kind},involvedObject.name=${name}`);
    const path = `/api/v1/namespaces/${this.namespace}/events?fieldSelector=${selector}`;
    return ((await request('GET', path)) as { items: { reason: string; message: string; type: string }[] }).items;
  }

  /** Runs the pod of a DaemonSet on the node, and returns its name. */
  async addDaemonPod(name: string, node: string, { resource }: { resource?: string } = {}): Promise<string> {
    const labels = { agent: name };
    await request('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels } });
    const template = { metadata: { labels }, spec: { nodeSelector: labels, containers: [containerOf(resource)] } };
    const spec = { selector: { matchLabels: labels }, template };
    await request('POST', `/apis/apps/v1/namespaces/${this.namespace}/daemonsets`, { metadata: { name }, spec });
    const pod = await eventually(async () => (await this.pods()).find((found) => found.startsWith(name)));
    await request('POST', `${this.#podPath(pod)}/binding`, { metadata: { name: pod }, target: { name: node } });
    await this.#startPod(pod);
    return pod;
  }

  async #startPod(name: string): Promise<void> {
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await request('PATCH', `${this.#podPath(name)}/status`, { status });
  }

  async addBudget(name: string, labels: object): Promise<void> {
    const path = `/apis/policy/v1/namespaces/${this.namespace}/poddisruptionbudgets`;
    await request('POST', path, { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: labels } } });
    await eventually(async () => {
      const { status } = (await request('GET', `${path}/${name}`)) as { status?: { currentHealthy?: number } };
      return (status?.currentHealthy ?? 0) > 0;
    });
  }

  async removeBudget(name: string): Promise<void> {
    await request('DELETE', `/apis/policy/v1/namespaces/${this.namespace}/poddisruptionbudgets/${name}`);
  }

  /** Names of the pods that are there and do not end. */
  async pods(): Promise<string[]> {
    const { items } = (await request('GET', this.#podPath())) as { items: Pod[] };
    return items.flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : [])).sort();
  }

  /** Ends pods that are to end, as a kubelet does. */
  async endPods(): Promise<void> {
    const { items } = (await request('GET', this.#podPath())) as { items: Pod[] };
    for (const { metadata } of items) {
      if (metadata.deletionTimestamp === undefined) continue;
      await tryRequest('DELETE', this.#podPath(metadata.name), { gracePeriodSeconds: 0 });
    }
  }

  /** Has the API server refuse to take down that the node is drained, as a policy of an administrator may. */
  async refuseSlot(name: string): Promise<void> {
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
    const policy = `no-slot-${name}`;
    const key = ANNOTATION.currentState;
    const isSlot = `object.metadata.name == '${name}' && '${key}' in object.metadata.annotations && object.metadata.annotations['${key}'] == 'Draining'`;
    const resources = [
      {
        apiGroups: ['sriovnetwork.openshift.io'],
        apiVersions: ['v1'],
        operations: ['UPDATE'],
        resources: ['sriovnetworknodestates'],
      },
    ];
    const validations = [{ expression: `!(${isSlot})`, message: 'no drains today' }];
    const spec = { failurePolicy: 'Fail', matchConstraints: { resourceRules: resources }, validations };
    await request('POST', policies, { metadata: { name: policy }, spec });
    const binding = { policyName: policy, validationActions: ['Deny'] };
    await request('POST', bindings, { metadata: { name: policy }, spec: binding });
    this.#refusals.push(`${policies}/${policy}`, `${bindings}/${policy}`);
    // It takes effect some time after it was written.
    const draining = { metadata: { annotations: { [key]: 'Draining' } } };
    await eventually(async () => {
      const { status } = await tryRequest('PATCH', `${this.#statePath(name)}?dryRun=All`, draining);
      return status >= 400;
    });
  }

  /** The API server takes it down again. */
  async endRefusals(): Promise<void> {
    for (const path of this.#refusals.splice(0)) await tryRequest('DELETE', path);
  }

  /** Removes the Node alone, as an administrator does whose machine is gone. */
  async removeNode(name: string): Promise<void> {
    await request('DELETE', `/api/v1/nodes/${name}`);
  }

  /** Removes the nodes, which other tests would find. */
  async remove(): Promise<void> {
    await this.endRefusals();
    for (const name of this.#nodes) {
      await tryRequest('DELETE', `/api/v1/nodes/${name}`);
      await tryRequest('DELETE', this.#statePath(name));
    }
  }

  #statePath(name = ''): string {
    return `${GROUP}/namespaces/${this.namespace}/sriovnetworknodestates/${name}`.replace(/\/$/, '');
  }

  #podPath(name = ''): string {
    return `/api/v1/namespaces/${this.namespace}/pods/${name}`.replace(/\/$/, '');
  }
}

function containerOf(resource: string | undefined): object {
  const one = resource === undefined ? {} : { [resource]: '1' };
  return { name: 'c', image: 'i', resources: { requests: one, limits: one } };
}

const API = 'sriovnetwork.openshift.io/v1';
