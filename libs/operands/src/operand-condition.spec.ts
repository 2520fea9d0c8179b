import { describe, expect, it } from '@jest/globals';
import { type OperandObject } from './kinds.ts';
import { CONDITION_OF, operandCondition, type OperandReport } from './operand-condition.ts';
import { OPERANDS } from './operand.ts';

const daemonSet = (status: object, generation = 2): OperandObject => ({
  metadata: { name: 'ds', generation },
  status: {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
    ...status,
  },
});
const report = (rest: Partial<OperandReport>): OperandReport => ({
  operand: { kind: 'on', objects: [], remarks: [] },
  plan: { foreign: [], isWaiting: false },
  failure: undefined,
  daemonSet: daemonSet({}),
  ...rest,
});

describe('the condition of an operand', () => {
  it.each<[string, Partial<OperandReport>, string, string, string]>([
    ['all pods are available', {}, 'True', 'OperandDeployed', 'the DaemonSet ds runs 3 pods, and all are available'],
    [
      'no node is selected',
      { daemonSet: daemonSet({ desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 }) },
      'True',
      'OperandDeployed',
      'the DaemonSet ds is deployed, and no node has the labels that it asks for',
    ],
    [
      'some are old',
      { daemonSet: daemonSet({ updatedNumberScheduled: 1 }) },
      'Unknown',
      'OperandRollingOut',
      'the DaemonSet ds has renewed 1 of 3 pods',
    ],
    [
      'some are old, and nothing is said of them',
      { daemonSet: daemonSet({ updatedNumberScheduled: null }) },
      'Unknown',
      'OperandRollingOut',
      'the DaemonSet ds has renewed 0 of 3 pods',
    ],
    [
      'two do not work',
      { daemonSet: daemonSet({ numberAvailable: 1 }) },
      'False',
      'OperandPodsUnavailable',
      '2 of 3 pods of the DaemonSet ds are not available',
    ],
    [
      'one does not work',
      { daemonSet: daemonSet({ numberAvailable: 2 }) },
      'False',
      'OperandPodsUnavailable',
      '1 of 3 pods of the DaemonSet ds is not available',
    ],
    [
      'it has just changed',
      { daemonSet: daemonSet({}, 3) },
      'Unknown',
      'OperandRollingOut',
      'the DaemonSet ds has changed, and Kubernetes has not looked at it yet',
    ],
    [
      'Kubernetes has not seen it',
      { daemonSet: { metadata: { name: 'ds', generation: 1 } } },
      'Unknown',
      'OperandRollingOut',
      'the DaemonSet ds has changed, and Kubernetes has not looked at it yet',
    ],
    ['it is not there yet', { daemonSet: undefined }, 'Unknown', 'OperandRollingOut', 'its objects are being written'],
    [
      'the old one is still going',
      { plan: { foreign: [], isWaiting: true } },
      'Unknown',
      'OperandRollingOut',
      'its objects are being written',
    ],
    [
      'a wish was left out',
      { operand: { kind: 'on', objects: [], remarks: ['a', 'b'] } },
      'True',
      'OperandDeployed',
      'the DaemonSet ds runs 3 pods, and all are available; a; b',
    ],
    ['others have its name', { plan: { foreign: ['a', 'b'], isWaiting: false } }, 'False', 'OperandForeign', 'a; b'],
    [
      'it cannot be made',
      { operand: { kind: 'impossible', message: 'no image' } },
      'False',
      'OperandImpossible',
      'no image',
    ],
    [
      'it keeps failing, whatever else',
      { operand: { kind: 'off' }, failure: { reason: 'WriteRefused', message: 'no' } },
      'False',
      'WriteRefused',
      'no',
    ],
  ])('when %s', (_, rest, status, reason, message) => {
    expect(operandCondition('config-daemon', report(rest))).toEqual({
      type: 'ConfigDaemonDeployed',
      status,
      reason,
      message,
    });
  });

  it('is not there when the operand is not wanted', () => {
    expect(operandCondition('cni-plugins', report({ operand: { kind: 'off' } }))).toBeUndefined();
  });

  it('has a type of its own for each', () => {
    expect(new Set(OPERANDS.map((name) => CONDITION_OF[name])).size).toBe(OPERANDS.length);
  });
});
