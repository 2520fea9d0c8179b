import { describe, expect, it } from '@jest/globals';
import { type OperatorConfigSpec } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { readyCondition, type ReadyFacts } from './ready-condition.ts';

const condition = (type: string, status: NewCondition['status'], reason: NewCondition['reason']): NewCondition => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
});
const RUNS = condition('ConfigDaemonDeployed', 'True', 'OperandDeployed');
const ROLLS = condition('DevicePluginDeployed', 'Unknown', 'OperandRollingOut');
const FAILS = condition('CniPluginsDeployed', 'False', 'OperandPodsUnavailable');
const ready = (facts: Partial<ReadyFacts>): NewCondition =>
  readyCondition({ spec: {}, conditions: [RUNS], failure: undefined, isForeign: false, ...facts });

describe('the SriovOperatorConfig', () => {
  it.each<[string, Partial<OperatorConfigSpec>]>([
    ['the defaults of the chart', { enableOperatorWebhook: true, logLevel: 1, configurationMode: 'daemon' }],
    ['nothing', {}],
    ['systemd mode', { configurationMode: 'systemd' }],
    ['what operands do', { useCDI: true, configDaemonEnvVars: { A: 'b' }, featureGates: { metricsExporter: true } }],
    [
      'gates that are off, and those that are carried out',
      {
        featureGates: {
          mellanoxFirmwareReset: true,
          resourceInjectorMatchCondition: false,
          manageSoftwareBridges: true,
          parallelNicConfig: true,
        },
      },
    ],
  ])('with %s is Ready when its operands run', (_, spec) => {
    expect(ready({ spec })).toEqual({
      type: 'Ready',
      status: 'True',
      reason: 'OperatorConfigApplied',
      message: 'the settings are in force, and all that they ask for runs',
    });
  });

  it.each<[string, NewCondition[], object]>([
    [
      'False while an operand fails, whatever the others do',
      [RUNS, ROLLS, FAILS],
      {
        status: 'False',
        reason: 'OperandPodsUnavailable',
        message: 'CniPluginsDeployed: CniPluginsDeployed is False',
      },
    ],
    [
      'Unknown while pods of one are replaced',
      [RUNS, ROLLS],
      {
        status: 'Unknown',
        reason: 'OperandRollingOut',
        message: 'DevicePluginDeployed: DevicePluginDeployed is Unknown',
      },
    ],
  ])('is %s', (_, conditions, expected) => {
    expect(ready({ conditions })).toMatchObject(expected);
  });

  it('names what is asked for in vain and that values of the chart do not count, and is Ready', () => {
    expect(ready({ spec: { enableInjector: true }, isForeign: true })).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        /not carried out: spec.enableInjector.*the chart's values sriovOperatorConfig do not/,
      ),
    });
  });

  it.each<[Partial<OperatorConfigSpec>, string]>([
    [
      { featureGates: { resourceInjectorMatchCondition: true } },
      'spec.featureGates.resourceInjectorMatchCondition: this version cannot do it',
    ],
    [{ featureGates: { unheardOf: true } }, 'spec.featureGates.unheardOf: there is no such gate'],
  ])('that asks for what is not done is not Ready: %o', (spec, message) => {
    expect(ready({ spec })).toMatchObject({
      status: 'False',
      reason: 'Unsupported',
      message: expect.stringContaining(message),
    });
  });

  it('is not Ready while the values of the chart are refused', () => {
    expect(ready({ failure: { reason: 'WriteRefused', message: 'no' } })).toMatchObject({
      status: 'False',
      reason: 'WriteRefused',
      message: expect.stringContaining('cannot be written into this object: no'),
    });
  });
});
