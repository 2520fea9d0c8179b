import { DEFAULT_OPERATOR_CONFIG_NAME, type KubeObject, type OperatorConfigSpec, SYNC_STATUS } from '@sriov/api';
import { findUnmetSettings } from '@sriov/operands';
import { namespaceOf } from './placement.ts';
import { type AdmissionRequest } from './request.ts';
import { type Rule } from './rule.ts';

/** What the rules about a SriovOperatorConfig look at. */
export interface OperatorConfigFacts extends AdmissionRequest {
  readonly spec: OperatorConfigSpec;
}

/** An object that is being created may ask for a generated name, and has none yet. */
function givenName({ metadata }: { readonly metadata: { readonly name?: string } }): string | undefined {
  return metadata.name;
}

/** Rules about a SriovOperatorConfig. */
export const OPERATOR_CONFIG_RULES: readonly Rule<OperatorConfigFacts>[] = [
  {
    name: 'it is the one that is used',
    check({ object, settings }) {
      const namespace = namespaceOf(object, settings);
      const name = givenName(object);
      return name === DEFAULT_OPERATOR_CONFIG_NAME && namespace === settings.operatorNamespace
        ? undefined
        : `only the SriovOperatorConfig ${settings.operatorNamespace}/${DEFAULT_OPERATOR_CONFIG_NAME} is used, and this is ${namespace}/${name ?? ''}: change that one`;
    },
  },
  {
    name: 'draining is not switched off while a node is being configured',
    check({ spec, oldObject, cluster }) {
      if (!spec.disableDrain || oldObject === undefined || isDrainDisabled(oldObject)) return undefined;
      const busy = cluster.nodeStates
        .filter(({ status }) => status?.syncStatus === SYNC_STATUS.inProgress)
        .map(({ metadata }) => metadata.name)
        .sort();
      return busy.length === 0
        ? undefined
        : `spec.disableDrain cannot become true while nodes are being configured (${busy.length}, such as ${busy[0]}): wait until their syncStatus is ${SYNC_STATUS.succeeded}, or take back the change that they wait for`;
    },
  },
];

/** What the person who writes a SriovOperatorConfig should know. */
export const OPERATOR_CONFIG_WARNINGS: readonly Rule<OperatorConfigFacts>[] = [
  {
    name: 'nodes are drained',
    check: ({ spec }) =>
      spec.disableDrain
        ? 'spec.disableDrain is true: nodes are configured without being drained, which may interrupt workloads'
        : undefined,
  },
  {
    name: 'what is asked for is done',
    check: ({ spec }) => listed([...findUnmetSettings(spec).unsupported, ...findUnmetSettings(spec).unused]),
  },
];

function listed(sentences: readonly string[]): string | undefined {
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

function isDrainDisabled(object: KubeObject): boolean {
  const { spec } = object as { spec?: Partial<OperatorConfigSpec> | null };
  return spec?.disableDrain === true;
}
