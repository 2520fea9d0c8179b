import { readFile } from 'node:fs/promises';
import { type ControlPlane } from '@sriov/control-plane';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** Where slirp shows the loopback interface of this machine to the guest. */
export const HOST_AS_SEEN_FROM_GUEST = '10.0.2.2';

/** A kubeconfig of the administrator that leads from the guest to the API server. */
export async function kubeconfigForGuest(plane: ControlPlane): Promise<string> {
  const config = kubeconfigSchema.parse(parse(await readFile(plane.kubeconfigPath, 'utf8')));
  for (const { cluster } of config.clusters) {
    cluster['server'] = plane.server.replace('127.0.0.1', HOST_AS_SEEN_FROM_GUEST);
    cluster['tls-server-name'] = 'localhost';
  }
  return stringify(config);
}

/** The part of a kubeconfig that the guest needs to be another. */
const kubeconfigSchema = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.record(z.string(), z.unknown()) })),
});
