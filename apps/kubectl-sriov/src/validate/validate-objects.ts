import { type AdmissionSettings, type AdmissionVerdict, admit } from '@sriov/admission';
import {
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { counted } from '@sriov/words';
import { type Catalog, identityOf } from '../input/catalog.ts';
import { type Place } from '../input/documents.ts';
import { type InputObject, type UnknownObject } from '../input/objects.ts';

/** Kinds that admission judges. */
const JUDGED: ReadonlySet<string> = new Set([
  SRIOV_NETWORK_NODE_POLICY.kind,
  SRIOV_NETWORK_POOL_CONFIG.kind,
  SRIOV_OPERATOR_CONFIG.kind,
  SRIOV_NETWORK.kind,
  SRIOV_IB_NETWORK.kind,
  OVS_NETWORK.kind,
]);

/** The verdict of admission on an object. */
export interface ObjectVerdict extends AdmissionVerdict {
  readonly place: Place;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Judges the objects in order, each as if it were created in a cluster that has the others. An object that was allowed
 * before is judged as a change. Objects of our group that cannot be judged come last.
 */
export function validateObjects(
  { objects, unknown }: { readonly objects: readonly InputObject[]; readonly unknown: readonly UnknownObject[] },
  catalog: Catalog,
  settings: AdmissionSettings,
): ObjectVerdict[] {
  const { policies, pools, supportedNics } = catalog;
  const cluster = {
    nodes: [...catalog.nodes.values()],
    nodeStates: [...catalog.nodeStates.values()],
    policies,
    pools,
    supportedNics,
  };
  const stored = new Map<string, InputObject['object']>();
  const judged = objects
    .filter(({ object }) => JUDGED.has(object.kind))
    .map(({ object, place }) => {
      const identity = identityOf({ object });
      const oldObject = stored.get(identity);
      const verdict = admit({ operation: oldObject ? 'UPDATE' : 'CREATE', object, oldObject, cluster, settings });
      if (verdict.allowed) stored.set(identity, object);
      return {
        place,
        kind: object.kind,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name,
        ...verdict,
      };
    });
  return [...judged, ...unknown.map((object) => ({ ...object, allowed: false, warnings: [], patch: [] }))];
}

/** For people: a summary, then the refusals and warnings. */
export function verdictsText(verdicts: readonly ObjectVerdict[]): string {
  const refused = verdicts.filter(({ allowed }) => !allowed).length;
  const warnings = verdicts.reduce((count, verdict) => count + verdict.warnings.length, 0);
  const summary = `${counted(verdicts.length, 'object')}: ${verdicts.length - refused} allowed, ${refused} refused, ${counted(warnings, 'warning')}`;
  const details = verdicts
    .filter((verdict) => !verdict.allowed || verdict.warnings.length > 0)
    .map((verdict) => verdictLines(verdict).join('\n'));
  return `${[summary, ...details].join('\n\n')}\n`;
}

function verdictLines({ place, kind, namespace, name, allowed, message, warnings }: ObjectVerdict): string[] {
  return [
    `${kind} ${namespace}/${name} (${place.file}, line ${place.line})`,
    ...(allowed ? [] : [`  refused: ${message}`]),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ];
}
