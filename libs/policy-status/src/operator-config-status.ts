import { CONDITION, type OperatorConfigSpec, REASON } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { type Problem } from '@sriov/selection';

/** The settings of a SriovOperatorConfig that this version does not carry out, as sentences. */
export interface UnmetSettings {
  /** Settings that somebody has chosen and that would change what the operator does. */
  readonly unsupported: readonly string[];
  /** Settings that upstream's usual object has and that change neither hosts nor policies. */
  readonly unused: readonly string[];
}

/** Feature gates of upstream whose feature is always on here. */
const ALWAYS_ON = ['parallelNicConfig'];
const NOT_LEARNT = [
  'blockDevicePluginUntilConfigured',
  'manageSoftwareBridges',
  'mellanoxFirmwareReset',
  'metricsExporter',
  'resourceInjectorMatchCondition',
];

/** Finds the settings that this version does not carry out. */
export function findUnmetSettings(spec: Partial<OperatorConfigSpec>): UnmetSettings {
  const { configurationMode, useCDI, enableInjector, featureGates = {}, configDaemonEnvVars = {} } = spec;
  const gates = Object.entries(featureGates).flatMap(([gate, isOn]) => (isOn ? (gateFault(gate) ?? []) : []));
  return {
    unsupported: [
      ...(configurationMode === 'systemd'
        ? ['spec.configurationMode systemd: this version configures hosts by its daemon alone']
        : []),
      ...(useCDI === true
        ? ['spec.useCDI: this version does not run the device plugin: give it --use-cdi where you run it']
        : []),
      ...gates,
      ...(Object.keys(configDaemonEnvVars).length > 0
        ? ['spec.configDaemonEnvVars: this version does not make the DaemonSet of the daemon: set them in its chart']
        : []),
    ],
    unused:
      enableInjector === true
        ? ['spec.enableInjector: this version runs no injector: pods ask for their resource themselves']
        : [],
  };
}

function gateFault(gate: string): string | undefined {
  if (ALWAYS_ON.includes(gate)) return undefined;
  if (NOT_LEARNT.includes(gate)) return `spec.featureGates.${gate}: this version cannot do it`;
  return `spec.featureGates.${gate}: there is no such gate`;
}

/**
 * Decides the condition Ready of the SriovOperatorConfig. It is False while the object cannot be read, or asks for
 * something that this version does not carry out. What upstream's usual object asks for is named, but does not make it
 * False.
 */
export function operatorConfigCondition(spec: Partial<OperatorConfigSpec>, problems: readonly Problem[]): NewCondition {
  const type = CONDITION.ready;
  const [unreadable] = problems.filter(({ kind }) => kind === 'SriovOperatorConfig');
  if (unreadable) return { type, status: 'False', reason: unreadable.reason, message: unreadable.message };
  const { unsupported, unused } = findUnmetSettings(spec);
  if (unsupported.length > 0) {
    return { type, status: 'False', reason: REASON.unsupported, message: [...unsupported, ...unused].join('; ') };
  }
  const message = ['the settings are in force', ...unused].join('; not carried out: ');
  return { type, status: 'True', reason: REASON.operatorConfigApplied, message };
}
