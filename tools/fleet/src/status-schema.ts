import { setTimeout as delay } from 'node:timers/promises';
import { apiVersionOf, type KubeObject, type Resource, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { type Access, adminRequest } from '@sriov/control-plane';
import { buildCrd, buildTypedCrd } from '@sriov/crds';
import { type KubeClient, objectPath } from '@sriov/kube';

/** How the API server checks the status of a node state: as our CRD says, or each field of it, as upstream's does. */
export type StatusSchema = 'ours' | 'upstream';

/** A kind as the cluster knows it. */
export const CRD: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

/** Where the schema is asked for, and of which node state. */
export interface SchemaPorts {
  readonly client: KubeClient;
  readonly access: Access;
  readonly namespace: string;
  /** Name of any node state that is there. */
  readonly name: string;
}

/** Changes the CRD of node states; resolves when the API server judges by it. */
export async function useStatusSchema(
  { client, access, namespace, name }: SchemaPorts,
  schema: StatusSchema,
): Promise<void> {
  const build = schema === 'ours' ? buildCrd : buildTypedCrd;
  await client.apply(CRD, build(SRIOV_NETWORK_NODE_STATE) as unknown as KubeObject);
  const path = `${objectPath(SRIOV_NETWORK_NODE_STATE, { namespace, name })}/status?dryRun=All`;
  // Refused by a server that checks the fields, and taken by one that does not.
  const body = { apiVersion: apiVersionOf(SRIOV_NETWORK_NODE_STATE), status: { interfaces: [{ pciAddress: 1 }] } };
  const isInForce = async (): Promise<boolean> => {
    const { status } = await adminRequest(access, {
      method: 'PATCH',
      path,
      body,
      contentType: 'application/merge-patch+json',
    });
    return schema === 'ours' ? status === 200 : status === 422;
  };
  while (!(await isInForce())) await delay(100);
}
