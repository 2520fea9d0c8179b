import { LABEL, ownValue, type SriovOperatorConfig } from '@sriov/api';
import { type Expectations } from '@sriov/controller';
import { configShardOf } from '@sriov/device-plugin-config';
import { type ConfigMap } from '@sriov/kube';
import {
  type DevicePluginPresent,
  type Fleet,
  type FleetNode,
  isManaged,
  type NodePresent,
  presentText,
} from '@sriov/policy';
import { type Caches } from './caches/caches.ts';
import { type FleetView } from './caches/fleet-view.ts';
import { type Settings } from './settings.ts';
import { type VanishedPfs } from './caches/vanished-pfs.ts';

/** Where the facts about a node are read from. */
export interface GatherSources {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly settings: Settings;
  readonly vanishedPfs: VanishedPfs;
  readonly expectations: Expectations;
}

/** Where the device plugin's ConfigMaps are read from. */
interface ConfigSources {
  readonly caches: Pick<Caches, 'devicePluginConfigs'>;
  readonly settings: Pick<Settings, 'namespace' | 'devicePluginConfigShards'>;
}

/** Everything that bears on one node. */
export interface GatheredNode {
  readonly fleet: Fleet;
  readonly facts: FleetNode;
  readonly present: NodePresent;
  /** Absent: nothing is managed, and nothing is touched. */
  readonly operatorConfig: SriovOperatorConfig | undefined;
  /** The node exists and has the labels of managed nodes. */
  readonly isManaged: boolean;
  /** Resource version of the Node, as cached. */
  readonly nodeVersion: string | undefined;
  /** Resource versions of the device plugin's ConfigMaps by name, as cached; `undefined` of one that does not exist. */
  readonly configMapVersions: ReadonlyMap<string, string | undefined>;
  /** When a missing PF will have been away for too long, in milliseconds from now. */
  readonly lookAgainMs: number | undefined;
  /** The caches do not show our last writes yet: planning from them would write the same again. */
  readonly isBehind: boolean;
}

/** Names under which what we write for a node is remembered. */
export const WRITTEN = { state: 'state', node: 'node', configMap: (name: string): string => `config/${name}` };

/** Reads all that bears on the node from the caches. */
export function gather(sources: GatherSources, name: string): GatheredNode {
  const { caches, view, settings } = sources;
  const node = caches.nodes.store.get(name);
  const state = caches.nodeStates.store.get(`${settings.namespace}/${name}`);
  const labels = node?.metadata.labels ?? {};
  const devicePlugin = presentConfig(sources, name);
  const fleet = view.current;
  const { operatorConfig } = view;
  const { addresses, lookAgainMs } = sources.vanishedPfs.look(name, state);
  return {
    fleet,
    facts: {
      name,
      labels,
      state,
      devicePluginConfig: presentText(devicePlugin),
      vanished: addresses,
    },
    present: {
      state,
      isOwned: (state?.metadata.ownerReferences ?? []).some(({ uid }) => uid === operatorConfig?.metadata.uid),
      devicePlugin,
      devicePluginLabel: labels[LABEL.devicePlugin],
      exists: node !== undefined,
    },
    operatorConfig,
    isManaged: node !== undefined && isManaged(fleet, labels),
    nodeVersion: node?.metadata.resourceVersion,
    configMapVersions: new Map(
      [...caches.devicePluginConfigs.keys()].map((config) => [
        config,
        configMapNamed(sources, config)?.metadata.resourceVersion,
      ]),
    ),
    lookAgainMs,
    isBehind: sources.expectations.isUnmet(name, (object) => {
      if (object === WRITTEN.state) return state?.metadata.resourceVersion;
      if (object === WRITTEN.node) return node?.metadata.resourceVersion;
      return configMapNamed(sources, object.slice(WRITTEN.configMap('').length))?.metadata.resourceVersion;
    }),
  };
}

/** Where the device-plugin configuration of a node is. */
export function presentConfig(sources: ConfigSources, node: string): DevicePluginPresent {
  const texts = new Map<string, string>();
  for (const name of sources.caches.devicePluginConfigs.keys()) {
    const text = ownValue(configMapNamed(sources, name)?.data, node);
    if (text !== undefined) texts.set(name, text);
  }
  return { home: configShardOf(node, sources.settings.devicePluginConfigShards), texts };
}

function configMapNamed({ caches, settings }: ConfigSources, name: string): ConfigMap | undefined {
  return caches.devicePluginConfigs.get(name)?.store.get(`${settings.namespace}/${name}`);
}
