import { type OperatorConfigSpec } from '@sriov/api';
import { type OperandSettings } from './settings.ts';

/** Lowest level that is logged, by `spec.logLevel`: 0 is quiet, 2 is verbose. */
const LEVELS = ['warn', 'info', 'debug'];

/** Lowest level that operands on nodes log: that of the SriovOperatorConfig, or else that of the chart. */
export function logLevelOf({ logLevel }: OperatorConfigSpec, settings: OperandSettings): string {
  return (logLevel === undefined ? undefined : LEVELS[logLevel]) ?? settings.logLevel;
}
