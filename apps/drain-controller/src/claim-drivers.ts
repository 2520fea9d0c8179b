import { isNotFound, type KubeClient, type Pod, RESOURCE_CLAIM } from '@sriov/kube';

/**
 * The DRA drivers that have allocated devices to the claims of the pod. A claim that does not exist holds nothing.
 * @throws {ApiError} when a claim cannot be read: nobody knows then what the pod holds
 */
export async function readClaimDrivers(client: KubeClient, { metadata, spec, status }: Pod): Promise<string[]> {
  const made = new Map(
    (status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]),
  );
  const names = (spec?.resourceClaims ?? []).flatMap(
    ({ name, resourceClaimName }) => resourceClaimName ?? made.get(name) ?? [],
  );
  const drivers = await Promise.all(names.map((name) => driversOf(client, { name, namespace: metadata.namespace })));
  return [...new Set(drivers.flat())];
}

async function driversOf(
  client: KubeClient,
  { name, namespace }: { readonly name: string; readonly namespace: string | undefined },
): Promise<string[]> {
  try {
    const { status } = await client.get(RESOURCE_CLAIM, { name, ...(namespace !== undefined && { namespace }) });
    return (status?.allocation?.devices?.results ?? []).flatMap(({ driver }) => driver ?? []);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
