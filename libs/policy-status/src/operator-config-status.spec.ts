import { describe, expect, it } from '@jest/globals';
import { type OperatorConfigSpec } from '@sriov/api';
import { operatorConfigCondition } from './operator-config-status.ts';

describe('the SriovOperatorConfig', () => {
  it.each<[string, Partial<OperatorConfigSpec>]>([
    ['the defaults of the chart', { enableOperatorWebhook: true, logLevel: 2, configurationMode: 'daemon' }],
    ['nothing', {}],
    [
      'gates that are off, and one that is always on',
      { featureGates: { metricsExporter: false, parallelNicConfig: true } },
    ],
  ])('with %s is Ready', (_, spec) => {
    expect(operatorConfigCondition(spec, [])).toMatchObject({ status: 'True', message: 'the settings are in force' });
  });

  it('of the usual form is Ready, and names what is not carried out', () => {
    const usual = { enableInjector: true, enableOperatorWebhook: true, logLevel: 2 };
    expect(operatorConfigCondition(usual, [])).toMatchObject({
      status: 'True',
      reason: 'OperatorConfigApplied',
      message: expect.stringContaining('not carried out: spec.enableInjector'),
    });
  });

  it.each<[Partial<OperatorConfigSpec>, string]>([
    [{ configurationMode: 'systemd' }, 'spec.configurationMode systemd: '],
    [{ useCDI: true }, 'spec.useCDI: '],
    [
      { featureGates: { manageSoftwareBridges: true } },
      'spec.featureGates.manageSoftwareBridges: this version cannot do it',
    ],
    [{ featureGates: { unheardOf: true } }, 'spec.featureGates.unheardOf: there is no such gate'],
    [{ configDaemonEnvVars: { A: 'b' } }, 'spec.configDaemonEnvVars: '],
  ])('that asks for what is not done is not Ready: %o', (spec, message) => {
    expect(operatorConfigCondition(spec, [])).toMatchObject({
      type: 'Ready',
      status: 'False',
      reason: 'Unsupported',
      message: expect.stringContaining(message),
    });
  });

  it('that cannot be read says so before all else', () => {
    const problem = {
      kind: 'SriovOperatorConfig' as const,
      name: 'default',
      reason: 'OperatorConfigInvalid' as const,
      message: 'no',
    };
    expect(operatorConfigCondition({ useCDI: true }, [problem])).toMatchObject({
      status: 'False',
      reason: 'OperatorConfigInvalid',
    });
  });
});
