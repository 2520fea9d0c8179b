import { DEVICE_PLUGIN_SELECTOR } from '@sriov/api';
import { isConflict, isNotFound, type KubeClient, POD } from '@sriov/kube';

/** A pod of the device plugin. */
export interface PluginPod {
  readonly name: string;
  readonly uid: string;
}

/** The device plugin's pods on this node. */
export interface PluginPods {
  /** Those that are there and not on their way out. */
  list(): Promise<PluginPod[]>;
  /** Deletes the pod, unless it is gone already. */
  delete(pod: PluginPod): Promise<void>;
}

/** A node has one pod of the device plugin; two while it is replaced. */
const LIMIT = 100;

/** The pods by the API server. They are asked for when needed, not watched: each node would watch pods for nothing. */
export function pluginPods(
  client: KubeClient,
  { namespace, nodeName }: { readonly namespace: string; readonly nodeName: string },
): PluginPods {
  return {
    async list() {
      const { items } = await client.page(POD, {
        namespace,
        labelSelector: DEVICE_PLUGIN_SELECTOR,
        fieldSelector: `spec.nodeName=${nodeName}`,
        limit: LIMIT,
        metadataOnly: true,
      });
      return items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata: { name, uid = '' } }) => ({ name, uid }));
    },
    async delete({ name, uid }) {
      await client.delete(POD, { name, namespace }, { uid }).catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      });
    },
  };
}
