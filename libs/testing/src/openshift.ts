import { applyManifests } from './manifests.ts';

const ANY = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
/** Fields whose type the API server has to know; all others are kept as they are. */
const POOL = { spec: { ...ANY, properties: { paused: { type: 'boolean' } } } };

/**
 * The kinds of OpenShift that the operator reads or writes, no larger than tests need. Their names and fields are those
 * of the public API of OpenShift (github.com/openshift/api, machineconfiguration/v1 and config/v1).
 */
const KINDS = [
  { group: 'machineconfiguration.openshift.io', kind: 'MachineConfig', plural: 'machineconfigs', fields: {} },
  { group: 'machineconfiguration.openshift.io', kind: 'MachineConfigPool', plural: 'machineconfigpools', fields: POOL },
  { group: 'config.openshift.io', kind: 'Infrastructure', plural: 'infrastructures', fields: {} },
];

/** Where these objects stand in the API. All of them belong to the cluster. */
export const OPENSHIFT_PATH = {
  machineConfigs: '/apis/machineconfiguration.openshift.io/v1/machineconfigs',
  machineConfigPools: '/apis/machineconfiguration.openshift.io/v1/machineconfigpools',
  infrastructures: '/apis/config.openshift.io/v1/infrastructures',
} as const;

/**
 * Installs CRDs of MachineConfig, MachineConfigPool and Infrastructure. All spec files of a project see them from then
 * on. The cluster is one of OpenShift only while it has an Infrastructure `cluster`.
 */
export async function installOpenshiftCrds(): Promise<void> {
  await applyManifests(KINDS.map((kind) => JSON.stringify(crdOf(kind))).join('\n---\n'));
}

function crdOf({ group, kind, plural, fields }: (typeof KINDS)[number]): object {
  const openAPIV3Schema = { ...ANY, properties: fields };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } },
      ],
    },
  };
}
