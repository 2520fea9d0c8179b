export { alignColumns } from './align-columns.ts';
export { counted, describeDuration, FEW, listChoices, listLines, listSome } from './amounts.ts';
export { nearNames } from './near-names.ts';
