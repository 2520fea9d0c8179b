import {
  ANNOTATION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  omitUndefined,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
} from '@sriov/api';
import { Informer, type InformerContext, NODE, type Node } from '@sriov/kube';
import { type Settings } from '../settings.ts';

/** What the daemon watches beside its node state, to know what it may disturb. */
export interface DrainCaches {
  /** The daemon's own Node, without all but the request for a drain. */
  readonly nodes: Informer<Node>;
  /** The SriovOperatorConfig `default`. */
  readonly configs: Informer<SriovOperatorConfig>;
}

/** Makes the caches; they fill once they run. */
export function createDrainCaches(context: InformerContext, { namespace, nodeName }: Settings): DrainCaches {
  return {
    nodes: new Informer(context, NODE, { fieldSelector: `metadata.name=${nodeName}`, transform: trimNode }),
    configs: new Informer(context, SRIOV_OPERATOR_CONFIG, {
      namespace,
      fieldSelector: `metadata.name=${DEFAULT_OPERATOR_CONFIG_NAME}`,
    }),
  };
}

/** A feature gate of upstream, which is on unless it is switched off. */
const RESET_GATE = 'mellanoxFirmwareReset';

/** The own Node, and what the SriovOperatorConfig says of drains and reboots. */
export function readDrainCaches(
  { nodes, configs }: DrainCaches,
  { namespace, nodeName }: Settings,
): {
  readonly getNode: () => Node | undefined;
  readonly isDrainDisabled: () => boolean;
  readonly resetsFirmware: () => boolean;
} {
  const spec = (): SriovOperatorConfig['spec'] =>
    configs.store.get(`${namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`)?.spec;
  return {
    getNode: () => nodes.store.get(nodeName),
    isDrainDisabled: () => spec()?.disableDrain === true,
    resetsFirmware: () => spec()?.featureGates?.[RESET_GATE] !== false,
  };
}

function trimNode({ metadata: { name, uid, resourceVersion, annotations } }: Node): Node {
  const asked = annotations?.[ANNOTATION.nodeState];
  const kept = asked === undefined ? undefined : { [ANNOTATION.nodeState]: asked };
  return { metadata: omitUndefined({ name, uid, resourceVersion, annotations: kept }) };
}
