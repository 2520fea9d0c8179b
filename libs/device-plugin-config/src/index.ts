export {
  CONFIG_MAP_LIMIT_BYTES,
  configShardNames,
  configShardOf,
  fitKeys,
  MAX_CONFIG_SHARDS,
  valueBytes,
} from './config-shards.ts';
export { readElements } from './config-text.ts';
export { type DevicePluginConfig, devicePluginConfig } from './device-plugin-config.ts';
export { findDisagreements } from './disagreements.ts';
