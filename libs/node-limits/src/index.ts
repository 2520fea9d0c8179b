export { findFirmwareNeed, findReportedNeed, type FirmwareNeed, reachableVfs } from './firmware-limits.ts';
export * from './pf-facts.ts';
export * from './pf-limits.ts';
export * from './refusal.ts';
export { VDPA_VENDOR } from './vdpa-limits.ts';
