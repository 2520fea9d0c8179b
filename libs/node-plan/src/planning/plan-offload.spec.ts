import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedOffload, type ObservedPf } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testPf } from '../test/test-host.ts';
import { describePlan } from '../words/describe-plan.ts';
import { planHost } from './plan-host.ts';
import { offloadingPfs, type RefusedOffload } from './plan-offload.ts';
import { type HostPlan } from './steps.ts';

const OFF: ObservedOffload = { tc: 'off', steering: { mode: 'dmfs', cmode: 'runtime' } };
const SMFS: ObservedOffload = { tc: 'on', steering: { mode: 'smfs', cmode: 'runtime' } };

const wanted = (change: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress: PF,
  numVfs: 1,
  eSwitchMode: 'switchdev',
  ...change,
});

const pfWith = (offload: ObservedOffload | undefined, change: Partial<ObservedPf> = {}): ObservedPf =>
  testPf([netdevice(0, { driver: 'mlx5_core' })], {
    driver: 'mlx5_core',
    eSwitchMode: 'legacy',
    ...(offload && { offload }),
    ...change,
  });

function plan(pf: ObservedPf, desired = wanted(), refused?: RefusedOffload): HostPlan {
  return planHost(testFacts([pf], [desired], { refusedOffloads: new Map(refused ? [[PF, refused]] : []) }));
}
const kinds = ({ pfs: [pf] }: HostPlan): string[] =>
  [...(pf?.before ?? []), ...(pf?.after ?? [])].map(({ kind }) => kind);

describe('hardware offload of a PF', () => {
  it('that goes into switchdev mode: steering is set right before that, and rules are offloaded at the end', () => {
    expect(kinds(plan(pfWith(OFF)))).toEqual(['unbind-vfs', 'set-flow-steering', 'set-eswitch-mode', 'set-tc-offload']);
  });

  it('whose number of VFs changes in switchdev mode: steering is set once it is in legacy mode', () => {
    expect(kinds(plan(pfWith(OFF, { eSwitchMode: 'switchdev' }), wanted({ numVfs: 2 })))).toEqual([
      'set-autoprobe',
      'set-num-vfs',
      'set-eswitch-mode',
      'set-num-vfs',
      'set-flow-steering',
      'set-eswitch-mode',
      'set-autoprobe',
      'set-tc-offload',
    ]);
  });

  it('that is in switchdev mode: rules are offloaded without touching a VF, and its steering waits and is told', () => {
    const result = plan(pfWith(OFF, { eSwitchMode: 'switchdev' }));
    expect(kinds(result)).toEqual(['set-tc-offload']);
    expect(result.remarks).toEqual([
      `ens1 (${PF}): its flow_steering_mode is dmfs, so traffic rules reach the NIC more slowly than with smfs: its driver changes that in legacy mode only, and the daemon does it when the PF goes into switchdev mode the next time`,
    ]);
    expect(describePlan(result)).toEqual([
      `ens1 (${PF}):`,
      '  because its offload of traffic rules (hw-tc-offload) is off, which is wanted in switchdev mode',
      '  turn the offload of traffic rules (hw-tc-offload) on',
      `missing: ${result.remarks?.[0]}`,
    ]);
  });

  it.each<[string, ObservedPf, DesiredInterface]>([
    ['has all of it', pfWith(SMFS, { eSwitchMode: 'switchdev' }), wanted()],
    [
      'steers by itself',
      pfWith({ tc: 'on', steering: { mode: 'hmfs', cmode: 'runtime' } }, { eSwitchMode: 'switchdev' }),
      wanted(),
    ],
    ['has none', pfWith({}, { eSwitchMode: 'switchdev' }), wanted()],
    ['nobody looked at', pfWith(undefined, { eSwitchMode: 'switchdev' }), wanted()],
    ['is wanted in legacy mode', pfWith(OFF), wanted({ eSwitchMode: 'legacy' })],
    ['somebody else manages', pfWith(OFF, { eSwitchMode: 'switchdev' }), wanted({ externallyManaged: true })],
  ])('that %s is left, and nothing is told', (_, pf, desired) => {
    const { pfs, problems, remarks } = plan(pf, desired);
    expect({ pfs, problems, remarks }).toEqual({ pfs: [], problems: [], remarks: undefined });
  });

  it('that the driver has fixed is told, and not tried', () => {
    const { pfs, problems, remarks } = plan(pfWith({ tc: 'fixed' }, { eSwitchMode: 'switchdev' }));
    expect({ pfs, problems }).toEqual({ pfs: [], problems: [] });
    expect(remarks).toEqual([
      expect.stringMatching(/is off, and its driver mlx5_core lets nobody turn it on: the traffic/),
    ]);
  });

  it('that was refused is told with the cause and the cure, and not tried again', () => {
    const refused = { 'set-tc-offload': 'no', 'set-flow-steering': 'not here' };
    const { pfs, problems, remarks } = plan(pfWith(OFF, { eSwitchMode: 'switchdev' }), wanted(), refused);
    expect({ pfs, problems }).toEqual({ pfs: [], problems: [] });
    expect(remarks).toEqual([
      expect.stringMatching(/is off \(no\): remove the cause, and run ethtool -K ens1 hw-tc-offload on on the host/),
      expect.stringMatching(/is dmfs, .* which it did not take \(not here\)$/),
    ]);
    expect(kinds(plan(pfWith(OFF), wanted(), refused))).toEqual(['unbind-vfs', 'set-eswitch-mode']);
  });

  it('that could not be read is told, and changed nowhere', () => {
    const { pfs, remarks } = plan(pfWith({ unknown: ['ethtool: ENOENT'] }, { eSwitchMode: 'switchdev' }));
    expect(pfs).toEqual([]);
    expect(remarks).toEqual([expect.stringMatching(/not known whether it offloads .*, because ethtool: ENOENT/)]);
  });
});

it('PFs are looked at where a policy wants switchdev mode, and nobody else manages them', () => {
  const interfaces = [
    wanted(),
    wanted({ pciAddress: 'b', eSwitchMode: 'legacy' }),
    wanted({ pciAddress: 'c', externallyManaged: true }),
  ];
  expect([...offloadingPfs({ interfaces })]).toEqual([PF]);
  expect([...offloadingPfs({})]).toEqual([]);
});
