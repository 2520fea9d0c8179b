import {
  type Condition,
  CONDITION,
  DEFAULT_OPERATOR_NAMESPACE as NAMESPACE,
  GROUP,
  type NodePolicySpec,
  type SriovNetworkNodeState,
  VERSION,
} from '@sriov/api';
import { type Access, adminAnswer, applyObject, type AppliedObject } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { stringify } from 'yaml';
import { until } from './until.ts';

/** Label by which policies select the node. */
const SELECTED = { 'feature.node/sriov': 'true' };
const API_VERSION = `${GROUP}/${VERSION}`;

/** The policies for one node, and its state, as an administrator sees and changes them. */
export class NodePolicies {
  readonly access: Access;
  /** Name of the node. */
  readonly node: string;

  constructor(access: Access, node: string) {
    this.access = access;
    this.node = node;
  }

  /** Lets the policies select the node, or not: with it several policies come or go as one change. */
  async select(isSelected: boolean): Promise<void> {
    const labels = Object.fromEntries(
      Object.keys(SELECTED).map((key) => [key, isSelected ? SELECTED[key as keyof typeof SELECTED] : null]),
    );
    await this.request('PATCH', `/api/v1/nodes/${this.node}`, { metadata: { labels } });
  }

  /** Makes a policy for the node, or changes it. */
  async applyPolicy(name: string, spec: Omit<NodePolicySpec, 'nodeSelector'>): Promise<void> {
    await this.apply({
      apiVersion: API_VERSION,
      kind: 'SriovNetworkNodePolicy',
      metadata: { name, namespace: NAMESPACE },
      spec: { ...spec, nodeSelector: SELECTED },
    } as AppliedObject);
  }

  async deletePolicy(name: string): Promise<void> {
    await this.request('DELETE', `/apis/${API_VERSION}/namespaces/${NAMESPACE}/sriovnetworknodepolicies/${name}`);
  }

  /** What the daemon has reported last. */
  async nodeState(): Promise<SriovNetworkNodeState> {
    const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/sriovnetworknodestates/${this.node}`;
    return (await this.request('GET', path)) as SriovNetworkNodeState;
  }

  /** Waits for a node state for which `holds`. @throws Error with the last one */
  async untilState(what: string, holds: (state: SriovNetworkNodeState) => boolean): Promise<SriovNetworkNodeState> {
    let last: SriovNetworkNodeState | undefined;
    try {
      return await until(what, async () => {
        last = await this.nodeState();
        return holds(last) ? last : undefined;
      });
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${stringify({ spec: last?.spec, status: last?.status })}`, {
        cause: error,
      });
    }
  }

  /** Waits until the daemon has judged the newest spec, and its verdict is the expected one. */
  untilJudged(
    syncStatus: 'Succeeded' | 'InProgress' | 'Failed',
    holds: (state: SriovNetworkNodeState) => boolean = () => true,
  ): Promise<SriovNetworkNodeState> {
    return this.untilState(
      syncStatus,
      (state) => state.status?.syncStatus === syncStatus && isJudged(state) && holds(state),
    );
  }

  /** Applies an object of any kind. @throws Error of the API server that names it */
  async apply(object: AppliedObject): Promise<void> {
    await applyObject(this.access, object);
  }

  /** A request whose answer is returned. A body of PATCH is a merge patch. @throws Error of the API server */
  request(method: string, path: string, body?: object): Promise<unknown> {
    return adminAnswer(this.access, { method, path, ...(body && { body }) });
  }
}

/** The daemon has looked at the newest spec. */
function isJudged({ metadata, status }: SriovNetworkNodeState): boolean {
  return conditionOf(status, CONDITION.ready)?.observedGeneration === metadata.generation;
}

/** A condition of the node state by its type. */
export function conditionOf(status: SriovNetworkNodeState['status'], type: string): Condition | undefined {
  return status?.conditions?.find((condition: Condition) => condition.type === type);
}
