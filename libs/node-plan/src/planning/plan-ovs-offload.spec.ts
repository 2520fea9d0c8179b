import { describe, expect, it } from '@jest/globals';
import { type OvsOffload } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testPf } from '../test/test-host.ts';
import { describePlan } from '../words/describe-plan.ts';
import { type RefusedOffload } from './plan-offload.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';

interface Case {
  readonly eSwitchMode?: 'switchdev' | 'legacy';
  readonly externallyManaged?: boolean;
  readonly refused?: RefusedOffload;
}

/** The plan for a node whose PF is as it is wanted, and whose Open vSwitch is as given. */
function plan(
  ovsOffload: OvsOffload | undefined,
  { eSwitchMode = 'switchdev', refused, ...rest }: Case = {},
): HostPlan {
  const pf = testPf([netdevice(0)], { eSwitchMode });
  const facts = testFacts([pf], [{ pciAddress: PF, numVfs: 1, eSwitchMode, ...rest }]);
  const observed = { ...facts.observed, ...(ovsOffload && { ovsOffload }) };
  return planHost({ ...facts, observed, ...(refused && { refusedOffloads: new Map([['', refused]]) }) });
}

describe('hardware offload of Open vSwitch', () => {
  it('is set where nobody has, and a PF is wanted in switchdev mode', () => {
    const { node, remarks } = plan({ kind: 'seen' });
    expect(node).toEqual({
      because: ['a PF is wanted in switchdev mode, and other_config:hw-offload of Open vSwitch is not set'],
      steps: [{ kind: 'set-ovs-offload' }],
    });
    expect(remarks).toBeUndefined();
    expect(describePlan(plan({ kind: 'seen' })).at(2)).toBe('  set other_config:hw-offload of Open vSwitch to true');
  });

  it.each<[string, OvsOffload | undefined, Case]>([
    ['it is on', { kind: 'seen', value: 'True' }, {}],
    ['the node has no Open vSwitch', undefined, {}],
    ['no PF is wanted in switchdev mode', { kind: 'seen' }, { eSwitchMode: 'legacy' }],
    ['somebody else manages the PF', { kind: 'seen', value: 'false' }, { externallyManaged: true }],
  ])('is left, without a word, where %s', (_, ovsOffload, change) => {
    const { node, remarks } = plan(ovsOffload, change);
    expect([node, remarks]).toEqual([undefined, undefined]);
  });

  it.each<[string, OvsOffload, Case, RegExp]>([
    ['somebody has turned it off', { kind: 'seen', value: 'false' }, {}, /is false, which somebody has set/],
    ['it waits for a restart', { kind: 'seen', value: 'true', awaitsRestart: true }, {}, /has to be restarted/],
    ['it is not known', { kind: 'unseen', cause: 'the reason' }, {}, /cannot be read.*: the reason$/],
    [
      'it was refused',
      { kind: 'seen' },
      { refused: { 'set-ovs-offload': 'no' } },
      /is not set, and could not be \(no\)/,
    ],
  ])('is left, and mentioned, where %s', (_, ovsOffload, change, remark) => {
    const { node, remarks, problems } = plan(ovsOffload, change);
    expect([node, problems]).toEqual([undefined, []]);
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });
});
