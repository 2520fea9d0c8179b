import { LABEL, omitUndefined } from '@sriov/api';
import { listSome } from '@sriov/words';
import { findDifferences } from './differences.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { DAEMON_SET } from './kinds.ts';
import { type OperandInputs, type OperandName, type WantedObject } from './operand.ts';
import { applyStrategicPatch, settingsOfPatch } from './strategic-patch.ts';

/** A DaemonSet, before it is told to whom it belongs. */
export interface DaemonSetParts {
  readonly operand: OperandName;
  readonly name: string;
  /** Value of the label `app`, by which the DaemonSet and others select its pods; as upstream has it. */
  readonly app: string;
  readonly updateStrategy: JsonObject;
  readonly minReadySeconds?: number;
  readonly podAnnotations?: Record<string, string>;
  readonly pod: JsonObject;
  /** Strategic merge patch by the administrator. */
  readonly patch: JsonObject;
}

/** The object and the parts of the patch that are not carried out. */
export interface PatchedDaemonSet {
  readonly wanted: WantedObject;
  readonly remarks: readonly string[];
}

/** Labels of each object of an operand and of its pods. */
function labelsOf({ settings }: OperandInputs, operand: OperandName): Record<string, string> {
  return { ...settings.labels, 'app.kubernetes.io/component': operand, [LABEL.operand]: operand };
}

/** Metadata of an object of an operand. */
export function metadataOf(
  inputs: OperandInputs,
  operand: OperandName,
  name: string,
): WantedObject['object']['metadata'] {
  const { namespace, owner } = inputs;
  return { name, namespace, labels: labelsOf(inputs, operand), ownerReferences: [owner] };
}

/** Makes the DaemonSet, patched. A patch cannot give it away, rename it, or part it from its pods. */
export function daemonSet(inputs: OperandInputs, parts: DaemonSetParts): PatchedDaemonSet {
  const { operand, name, app, updateStrategy, minReadySeconds, podAnnotations, pod, patch } = parts;
  const metadata = metadataOf(inputs, operand, name);
  const labels = labelsOf(inputs, operand);
  const template = { metadata: { labels: { app, ...labels }, ...omitUndefined({ annotations: podAnnotations }) } };
  const body: JsonObject = {
    metadata: { labels },
    spec: { updateStrategy, ...omitUndefined({ minReadySeconds }), template: { ...template, spec: pod } },
  };
  const fixed: JsonObject = {
    metadata: { labels },
    spec: {
      selector: { $patch: 'replace', matchLabels: { app } },
      template: { metadata: { labels: { app, ...labels } } },
    },
  };
  const patched = applyStrategicPatch(applyStrategicPatch(body, patch), fixed);
  const annotations = textsOf(patched['metadata'], 'annotations');
  const object = {
    metadata: {
      ...metadata,
      labels: textsOf(patched['metadata'], 'labels'),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    ...(isJsonObject(patched['spec']) && { spec: patched['spec'] }),
  };
  const unmet = findDifferences(settingsOfPatch(patch), {
    ...object,
    metadata: { ...object.metadata, ownerReferences: [] },
  });
  const remarks = unmet.length === 0 ? [] : [`the patch of the DaemonSet ${name} does not count at ${listSome(unmet)}`];
  return { wanted: { resource: DAEMON_SET, object }, remarks };
}

/** Labels or annotations; what is no text is left out. */
function textsOf(metadata: Json | undefined, member: string): Record<string, string> {
  const table = isJsonObject(metadata) ? metadata[member] : undefined;
  const entries = isJsonObject(table) ? Object.entries(table) : [];
  return Object.fromEntries(entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}

/** An environment variable from a field of the pod. */
export function fieldEnv(name: string, fieldPath: string): JsonObject {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Variables by name; of two with the same name the last counts, where the first stands: a list of them has each once. */
export function envOf(...variables: readonly JsonObject[]): JsonObject[] {
  return [...new Map(variables.map((variable) => [variable['name'], variable])).values()];
}

/** A volume that is a folder of the host. */
export function hostFolder(name: string, path: string, type?: 'Directory' | 'DirectoryOrCreate'): JsonObject {
  return { name, hostPath: { path, ...omitUndefined({ type }) } };
}

/** A volume that lives as long as the pod. */
export function emptyFolder(name: string): JsonObject {
  return { name, emptyDir: {} };
}

/** A mount of a volume. */
export function mount(name: string, mountPath: string, isReadOnly = false): JsonObject {
  return { name, mountPath, ...(isReadOnly && { readOnly: true }) };
}

/** The part of a pod that says where it runs, and how important it is. */
export function placementOf({
  tolerations,
  priorityClassName,
}: {
  readonly tolerations: readonly JsonObject[];
  readonly priorityClassName: string;
}): JsonObject {
  return {
    ...(tolerations.length > 0 && { tolerations }),
    ...(priorityClassName !== '' && { priorityClassName }),
  };
}

/** The security context of a container that needs nothing of its node. */
export const CONFINED: JsonObject = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** How a rollout goes where a pod less on some nodes harms nobody. */
export const ROLLING: JsonObject = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '33%' } };

/** Flags of kube-rbac-proxy for its TLS. */
export function proxyTlsFlags({ tls }: OperandInputs['settings']): string[] {
  return [
    ...(tls.cipherSuites === '' ? [] : [`--tls-cipher-suites=${tls.cipherSuites}`]),
    ...(tls.minVersion === '' ? [] : [`--tls-min-version=${tls.minVersion}`]),
  ];
}
