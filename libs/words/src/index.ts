export { alignColumns } from './align-columns.ts';
export { counted, describeDuration, listSome } from './amounts.ts';
export { nearNames } from './near-names.ts';
