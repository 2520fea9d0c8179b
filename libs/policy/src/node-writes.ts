import {
  ANNOTATION,
  type ConfigHash,
  type DrainProgress,
  type DrainRequest,
  fitsConfigAnnotation,
  formatPlannedFrom,
  formatTime,
  type NodeStateSpec,
  nodeStateSpecSchema,
  type SriovNetworkNodeState,
  wireText,
} from '@sriov/api';
import { type NodeStatePlan } from './node-state-plan.ts';

/** What the cluster has for a node now. */
export interface NodePresent {
  /** Of its device-plugin configuration, an annotation, the hash will do: the text is in memory once already. */
  readonly state: SriovNetworkNodeState | undefined;
  /** The node state has the SriovOperatorConfig as owner. */
  readonly isOwned: boolean;
  readonly devicePlugin: DevicePluginPresent;
  /** Value of the device-plugin label; absent when the Node has none, or is gone. */
  readonly devicePluginLabel: string | undefined;
  /** The Node exists. */
  readonly exists: boolean;
}

/** Where the device-plugin configuration of a node is. */
export interface DevicePluginPresent {
  /** Name of the ConfigMap that the node's key belongs in. */
  readonly home: string;
  /** The node's text in each ConfigMap that has its key, by name of the ConfigMap. */
  readonly texts: ReadonlyMap<string, string>;
}

/** One write for a node. They are carried out in order, and each can be repeated. */
export type NodeWrite =
  /** Sets the node's key in a ConfigMap; `undefined` removes it. */
  | { readonly kind: 'device-plugin-config'; readonly configMap: string; readonly text: string | undefined }
  /** `undefined` removes the label. */
  | { readonly kind: 'device-plugin-label'; readonly value: string | undefined }
  | {
      readonly kind: 'create-state';
      readonly spec: NodeStateSpec;
      readonly annotations: Readonly<Record<string, string>>;
    }
  | ({ readonly kind: 'update-state' } & StateChanges)
  | { readonly kind: 'delete-state' };

/** What of a node state is written, all of it at once. */
export interface StateChanges {
  readonly spec?: NodeStateSpec;
  readonly annotations?: AnnotationChanges;
  /** Enter the SriovOperatorConfig as owner. */
  readonly owner?: true;
}

/** Annotations by name; `null` removes one. */
type AnnotationChanges = Readonly<Record<string, string | null>>;

/**
 * The writes that bring the cluster from its present state to the plan, and no others. The configuration of the device
 * plugin comes first: the daemon restarts the plugin when the node state changes, and the plugin must then find the new
 * one.
 */
export function nodeWrites(plan: NodeStatePlan, present: NodePresent, hash: ConfigHash): NodeWrite[] {
  return [...configWrites(plan, present), ...labelWrites(plan, present), ...stateWrites(plan, present, hash)];
}

function configWrites({ devicePluginConfig }: NodeStatePlan, { devicePlugin }: NodePresent): NodeWrite[] {
  const { home, texts } = devicePlugin;
  // A text that does not change still moves to the ConfigMap that it belongs in.
  const text = devicePluginConfig ?? presentText(devicePlugin);
  if (text === undefined) return [];
  return [
    ...(texts.get(home) === text ? [] : [{ kind: 'device-plugin-config' as const, configMap: home, text }]),
    ...removals(devicePlugin, (configMap) => configMap !== home),
  ];
}

/** The device-plugin configuration that the node has in a ConfigMap. */
export function presentText({ home, texts }: DevicePluginPresent): string | undefined {
  return texts.get(home) ?? [...texts.values()][0];
}

function labelWrites({ devicePluginLabel: value }: NodeStatePlan, present: NodePresent): NodeWrite[] {
  if (value === undefined || value === present.devicePluginLabel) return [];
  return [{ kind: 'device-plugin-label', value }];
}

function removals({ texts }: DevicePluginPresent, isWrong: (configMap: string) => boolean): NodeWrite[] {
  return [...texts.keys()]
    .filter(isWrong)
    .map((configMap) => ({ kind: 'device-plugin-config', configMap, text: undefined }));
}

/** The annotations of a node on which nobody has asked for anything: daemon and drainer go on from there. */
const AT_REST: Readonly<Record<string, DrainRequest & DrainProgress>> = {
  [ANNOTATION.desiredState]: 'Idle',
  [ANNOTATION.currentState]: 'Idle',
};

/** What the node state says about the plan. */
function planAnnotations(
  { devicePluginConfig: text, plannedFrom, rollout }: NodeStatePlan,
  hash: ConfigHash,
): AnnotationChanges {
  return {
    ...(text !== undefined && {
      [ANNOTATION.devicePluginConfigHash]: hash(text),
      [ANNOTATION.devicePluginConfig]: fitsConfigAnnotation(text) ? text : null,
    }),
    ...(plannedFrom !== undefined && { [ANNOTATION.plannedFrom]: formatPlannedFrom(plannedFrom) }),
    ...(rollout !== undefined && { [ANNOTATION.rollout]: rollout }),
  };
}

/** The wanted annotations that the node state does not have yet. */
function missingAnnotations(
  present: Readonly<Record<string, string>>,
  { wanted, hash }: { readonly wanted: AnnotationChanges; readonly hash: ConfigHash },
): AnnotationChanges {
  const isThere = ([name, text]: [string, string | null]): boolean => {
    if (text === null) return present[name] === undefined;
    const isMarked = name === ANNOTATION.devicePluginConfig && present[name] === hash(text);
    return present[name] === text || isMarked;
  };
  return Object.fromEntries(Object.entries(wanted).filter((entry) => !isThere(entry)));
}

function stateWrites(plan: NodeStatePlan, { state, isOwned }: NodePresent, hash: ConfigHash): NodeWrite[] {
  const wanted = planAnnotations(plan, hash);
  if (state === undefined) {
    const annotations = { ...AT_REST, ...omitNull(wanted) };
    return [{ kind: 'create-state', spec: plan.spec, annotations }];
  }
  const present = state.metadata.annotations ?? {};
  const annotations: AnnotationChanges = {
    ...missingAnnotations(present, { wanted, hash }),
    ...(present[ANNOTATION.keepStateUntil] !== undefined && { [ANNOTATION.keepStateUntil]: null }),
  };
  const changes: StateChanges = {
    ...(!isSameSpec(state.spec ?? {}, plan.spec) && { spec: plan.spec }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(!isOwned && { owner: true }),
  };
  return Object.keys(changes).length === 0 ? [] : [{ kind: 'update-state', ...changes }];
}

function omitNull(annotations: AnnotationChanges): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([name, text]) => (text === null ? [] : [[name, text]])),
  );
}

/** True when the API server would store the same for both. */
export function isSameSpec(a: NodeStateSpec, b: NodeStateSpec): boolean {
  return wireText(nodeStateSpecSchema, a) === wireText(nodeStateSpecSchema, b);
}

/** What is written for a node that is no longer managed, and in how many milliseconds to look again, if at all. */
export interface UnmanagedPlan {
  readonly writes: readonly NodeWrite[];
  readonly lookAgainMs?: number;
}

/**
 * A node that is no longer managed loses its label and configuration at once, and its state after a delay: a node that
 * comes back while its state is there comes back as it was.
 */
export function unmanagedWrites(
  present: NodePresent,
  time: { readonly now: number; readonly keepMs: number },
): UnmanagedPlan {
  const writes = removals(present.devicePlugin, () => true);
  if (present.exists && present.devicePluginLabel !== undefined) {
    writes.push({ kind: 'device-plugin-label', value: undefined });
  }
  if (present.state === undefined) return { writes };
  if (time.keepMs === 0) return { writes: [...writes, { kind: 'delete-state' }] };
  const announced = Date.parse(present.state.metadata.annotations?.[ANNOTATION.keepStateUntil] ?? '');
  if (Number.isNaN(announced)) {
    const until = formatTime(time.now + time.keepMs);
    const annotations = { [ANNOTATION.keepStateUntil]: until };
    return { writes: [...writes, { kind: 'update-state', annotations }], lookAgainMs: time.keepMs };
  }
  if (time.now < announced) return { writes, lookAgainMs: announced - time.now };
  return { writes: [...writes, { kind: 'delete-state' }] };
}
