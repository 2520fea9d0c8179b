export { configHash } from './config-map/config-hash.ts';
export { service } from './service.ts';
