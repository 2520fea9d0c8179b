import { type OperatorConfigSpec } from '@sriov/api';

/** The settings of a SriovOperatorConfig that this version does not carry out, as sentences. */
export interface UnmetSettings {
  /** Settings that somebody has chosen and that would change what the operator does. */
  readonly unsupported: readonly string[];
  /** Settings that upstream's usual object has and that change neither hosts nor policies. */
  readonly unused: readonly string[];
}

/** Feature gates of upstream that are carried out, or whose feature is always on here. */
const LEARNT = ['manageSoftwareBridges', 'mellanoxFirmwareReset', 'metricsExporter', 'parallelNicConfig'];
const NOT_LEARNT = ['blockDevicePluginUntilConfigured', 'resourceInjectorMatchCondition'];

/** Finds the settings that this version does not carry out. */
export function findUnmetSettings(spec: Partial<OperatorConfigSpec>): UnmetSettings {
  const { enableInjector, featureGates = {} } = spec;
  const gates = Object.entries(featureGates).flatMap(([gate, isOn]) => (isOn ? (gateFault(gate) ?? []) : []));
  return {
    unsupported: gates,
    unused:
      enableInjector === true
        ? ['spec.enableInjector: this version runs no injector: pods ask for their resource themselves']
        : [],
  };
}

function gateFault(gate: string): string | undefined {
  if (LEARNT.includes(gate)) return undefined;
  if (NOT_LEARNT.includes(gate)) return `spec.featureGates.${gate}: this version cannot do it`;
  return `spec.featureGates.${gate}: there is no such gate`;
}
