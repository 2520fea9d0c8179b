export { configHash } from './config-hash.ts';
export {
  CONFIG_MAP_LIMIT_BYTES,
  configShardNames,
  configShardOf,
  fitKeys,
  MAX_CONFIG_SHARDS,
  valueBytes,
} from './config-shards.ts';
export { devicePluginConfig, resourceNames } from './device-plugin-config.ts';
export { findDisagreements } from './disagreements.ts';
export { pfForPlugin, type Wish } from './pf-for-plugin.ts';
