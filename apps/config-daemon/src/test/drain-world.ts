import { type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { Expectations } from '@sriov/controller';
import { ApiError, type KubeClient, type Node, NODE } from '@sriov/kube';
import { FakeClock } from '@sriov/testing';
import { type DrainPorts } from '../draining/drain-ports.ts';

interface Patched {
  readonly metadata: { readonly annotations?: Record<string, string | null>; readonly resourceVersion?: string };
}

/** The two objects of a node, as an API server has them, and the daemon that writes on them. */
export class DrainWorld {
  readonly clock = new FakeClock();
  readonly node: Node = { metadata: { name: 'n1', resourceVersion: '1', annotations: {} } };
  readonly nodeState: SriovNetworkNodeState = {
    metadata: { name: 'n1', namespace: 'operator', uid: 'u', resourceVersion: '1', annotations: {} },
  };
  readonly events: string[] = [];
  /** Writes that do not reach the API server any more: the daemon is killed. */
  killedAfter = Infinity;
  /** How many further writes are made before the answer to one is lost. */
  lostAfter = Infinity;
  /** How the API server answers a write that it refuses, or a read; nothing where it does as it is asked. */
  refusal: ApiError | undefined;
  /** How often another pass was asked for. */
  wakes = 0;

  readonly ports: DrainPorts = {
    client: {
      mergePatch: this.#mergePatch.bind(this) as unknown as KubeClient['mergePatch'],
      get: this.#get.bind(this) as unknown as KubeClient['get'],
    },
    getNode: () => this.node,
    getNodeState: () => this.nodeState,
    isDrainDisabled: () => false,
    asksAlways: false,
    wantsExternal: false,
    expectations: new Expectations(this.clock),
    recorder: {
      record: (_: unknown, __: unknown, { reason, message }: { reason: string; message: string }) =>
        void this.events.push(`${reason}: ${message}`),
    } as unknown as DrainPorts['recorder'],
    clock: this.clock,
    log: { info: () => undefined } as unknown as DrainPorts['log'],
    metrics: { waits: () => undefined },
    wake: () => void (this.wakes += 1),
  };

  /** What both objects say. */
  get said(): [unknown, unknown] {
    return [this.node.metadata.annotations, this.nodeState.metadata.annotations];
  }

  #get(kind: unknown): Promise<KubeObject> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    return Promise.resolve(structuredClone(kind === NODE ? this.node : this.nodeState));
  }

  #mergePatch(kind: unknown, _: unknown, { patch }: { patch: Patched }): Promise<KubeObject> {
    this.killedAfter -= 1;
    if (this.killedAfter < 0) return Promise.reject(new Error('killed'));
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.lostAfter -= 1;
    const object = kind === NODE ? this.node : this.nodeState;
    const { annotations = {}, resourceVersion } = patch.metadata;
    const present = object.metadata.resourceVersion;
    if (resourceVersion !== undefined && resourceVersion !== present) return Promise.reject(new Error('409'));
    const merged = Object.entries({ ...object.metadata.annotations, ...annotations });
    const kept = merged.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
    Object.assign(object.metadata, {
      annotations: Object.fromEntries(kept),
      resourceVersion: String(Number(present) + 1),
    });
    if (this.lostAfter === -1) return Promise.reject(new ApiError('socket hang up', { status: 0 }));
    return Promise.resolve(object);
  }
}
