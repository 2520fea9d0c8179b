import { ANNOTATION, type KubeObject } from '@sriov/api';
import { OPENSHIFT_PATH, request, tryRequest } from '@sriov/testing';

const { machineConfigs, machineConfigPools, infrastructures } = OPENSHIFT_PATH;
const MACHINE_CONFIG = 'machineconfiguration.openshift.io';

/** What a MachineConfigPool says about its pause. */
export interface PauseOfPool {
  readonly paused: boolean | undefined;
  readonly mark: string | undefined;
}

/** What makes a cluster one of OpenShift, without its operators: the test does what they would do. */
export class TestOpenshift {
  readonly #created: string[] = [];

  /** Makes the cluster one of OpenShift, with its control plane there, or elsewhere (`External`). */
  async setTopology(controlPlaneTopology: string): Promise<void> {
    const infrastructure = { apiVersion: 'config.openshift.io/v1', kind: 'Infrastructure' };
    await tryRequest('POST', infrastructures, { ...infrastructure, metadata: { name: 'cluster' } });
    await request('PATCH', `${infrastructures}/cluster/status`, { status: { controlPlaneTopology } });
  }

  /** Makes the cluster plain Kubernetes again. */
  async removeTopology(): Promise<void> {
    await tryRequest('DELETE', `${infrastructures}/cluster`);
  }

  /** Adds a pool whose nodes have its first configuration. */
  async addPool(name: string): Promise<void> {
    const configuration = { name: `rendered-${name}-1` };
    await this.#create(machineConfigPools, { kind: 'MachineConfigPool', metadata: { name }, spec: { configuration } });
    await request('PATCH', `${machineConfigPools}/${name}/status`, { status: { configuration } });
    await this.#addConfig(name, configuration.name);
  }

  /** Has the pool roll out its second configuration. */
  async beginRollout(pool: string): Promise<void> {
    await this.#addConfig(pool, `rendered-${pool}-2`);
    await request('PATCH', `${machineConfigPools}/${pool}`, {
      spec: { configuration: { name: `rendered-${pool}-2` } },
    });
  }

  /** All nodes of the pool have the second configuration. */
  async endRollout(pool: string, nodes: readonly string[]): Promise<void> {
    for (const node of nodes) await this.giveConfig(node, `rendered-${pool}-2`);
    const status = { configuration: { name: `rendered-${pool}-2` } };
    await request('PATCH', `${machineConfigPools}/${pool}/status`, { status });
  }

  /** The node has a configuration, and is to have it or another one. */
  async giveConfig(node: string, current: string, desired = current): Promise<void> {
    const annotations = {
      [`${MACHINE_CONFIG}/currentConfig`]: current,
      [`${MACHINE_CONFIG}/desiredConfig`]: desired,
    };
    await request('PATCH', `/api/v1/nodes/${node}`, { metadata: { annotations } });
  }

  /** Somebody writes a pause; without a mark it is an administrator. */
  async writePause(pool: string, paused: boolean, mark?: string): Promise<void> {
    const annotations = mark === undefined ? {} : { [ANNOTATION.nodeState]: mark };
    await request('PATCH', `${machineConfigPools}/${pool}`, { metadata: { annotations }, spec: { paused } });
  }

  async pause(pool: string): Promise<PauseOfPool> {
    const { metadata, spec } = (await request('GET', `${machineConfigPools}/${pool}`)) as {
      metadata: { annotations?: Record<string, string> };
      spec: { paused?: boolean };
    };
    return { paused: spec.paused, mark: metadata.annotations?.[ANNOTATION.nodeState] };
  }

  /** Removes pools and configurations, which other tests would find. */
  async remove(): Promise<void> {
    for (const path of this.#created.splice(0)) await tryRequest('DELETE', path);
  }

  /** With its true owner: the garbage collector removes what belongs to nobody. */
  async #addConfig(pool: string, name: string): Promise<void> {
    const { metadata } = (await request('GET', `${machineConfigPools}/${pool}`)) as KubeObject;
    const owner = { apiVersion: API, kind: 'MachineConfigPool', name: pool, uid: metadata.uid };
    await this.#create(machineConfigs, { kind: 'MachineConfig', metadata: { name, ownerReferences: [owner] } });
  }

  async #create(path: string, object: NewObject): Promise<void> {
    await request('POST', path, { apiVersion: API, ...object });
    this.#created.push(`${path}/${object.metadata.name}`);
  }
}

/** What is created: its kind, its name, and anything else. */
interface NewObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly object[] };
  readonly spec?: object;
}

const API = `${MACHINE_CONFIG}/v1`;
