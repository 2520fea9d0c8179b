import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf, type ObservedSriov, type ObservedVf } from '@sriov/observed-host';
import { describePlan } from '../words/describe-plan.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';
import { netdevice, PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const kernel = { resourceName: 'k', policyName: 'kernel', deviceType: 'netdevice' };
const group = (numVfs: number): DesiredInterface['vfGroups'] =>
  numVfs === 0 ? [] : [{ ...kernel, vfRange: `0-${numVfs - 1}` }];
/** What a policy with this mode and number of VFs wants. */
const want = (eSwitchMode: string, numVfs: number, rest: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress: PF,
  name: 'ens1',
  numVfs,
  eSwitchMode,
  vfGroups: group(numVfs),
  ...rest,
});

/** A PF of the driver in the mode, with so many VFs, each with a driver or with none. */
function pf(driver: string, mode: ObservedPf['eSwitchMode'], numVfs = 0, rest: Partial<ObservedPf> = {}): ObservedPf {
  const vfDriver = driver === 'ice' ? 'iavf' : driver;
  const vfs = Array.from({ length: numVfs }, (_, id) => netdevice(id, { driver: vfDriver, adminMac: MAC }));
  return testPf(vfs, { driver, ...(mode && { eSwitchMode: mode }), ...rest });
}
const MAC = '02:00:00:00:00:99';
const bare = (numVfs: number): ObservedVf[] => Array.from({ length: numVfs }, (_, id) => testVf(id));
const sriov = (vfs: ObservedVf[], autoprobe = false): ObservedSriov => ({ totalVfs: 8, autoprobe, vfs });

/** The plan in words, without its modules. */
function lines(observed: ObservedPf, desired: DesiredInterface | undefined, change: Partial<HostFacts> = {}): string[] {
  const facts = testFacts([observed], desired ? [desired] : [], change);
  return describePlan({ ...planHost(facts), modules: [] }).map((line) => line.trim());
}
const steps = (observed: ObservedPf, desired: DesiredInterface): string[] =>
  lines(observed, desired).filter((line) => !line.startsWith('because') && !line.endsWith(':'));

const OFF = 'turn driver probing of new VFs off';
const ON = 'turn driver probing of new VFs on';
const TO_SWITCHDEV = 'set the eSwitch mode to switchdev';
const TO_LEGACY = 'set the eSwitch mode to legacy';
const NONE = 'remove all VFs';
const bound = (driver: string, ids: string): string => `VF ${ids}: set its MAC address, bind ${driver}`;

describe('the steps to another eSwitch mode', () => {
  it.each<[string, ObservedPf, DesiredInterface, string[]]>([
    [
      'of mlx5: VFs are made in legacy mode, get no driver until the mode is set, and are bound once',
      pf('mlx5_core', 'legacy'),
      want('switchdev', 4),
      [OFF, 'create 4 VFs', TO_SWITCHDEV, bound('mlx5_core', '0-3'), ON],
    ],
    [
      'of mlx5 that hides its eSwitch while there are no VFs',
      pf('mlx5_core', undefined),
      want('switchdev', 1),
      [OFF, 'create 1 VF', TO_SWITCHDEV, bound('mlx5_core', '0'), ON],
    ],
    [
      'of mlx5 with as many VFs as wanted: they stay, and lose their drivers meanwhile',
      pf('mlx5_core', 'legacy', 2),
      want('switchdev', 2),
      ['unbind the drivers of all VFs', TO_SWITCHDEV, bound('mlx5_core', '0-1')],
    ],
    [
      'of mlx5 with a VF that no group asks for: it gets back what it had',
      pf('mlx5_core', 'legacy', 3),
      want('switchdev', 3, { vfGroups: group(2) }),
      ['unbind the drivers of all VFs', TO_SWITCHDEV, bound('mlx5_core', '0-2')],
    ],
    [
      'of mlx5 whose VFs a daemon has just made before it ended: they are not made again',
      pf('mlx5_core', 'legacy', 0, { sriov: sriov(bare(2)) }),
      want('switchdev', 2),
      [TO_SWITCHDEV, bound('mlx5_core', '0-1')],
    ],
    [
      'of mlx5 with another number of VFs in switchdev mode: through legacy mode',
      pf('mlx5_core', 'switchdev', 4),
      want('switchdev', 7),
      [OFF, NONE, TO_LEGACY, 'create 7 VFs', TO_SWITCHDEV, bound('mlx5_core', '0-6'), ON],
    ],
    [
      'of mlx5 back to legacy with another number',
      pf('mlx5_core', 'switchdev', 4),
      want('', 2),
      [OFF, NONE, TO_LEGACY, 'create 2 VFs', bound('mlx5_core', '0-1'), ON],
    ],
    ['of mlx5 that is to have no VFs', pf('mlx5_core', 'switchdev', 4), want('legacy', 0), [NONE, TO_LEGACY]],
    ['of mlx5 that has no VFs and gets none', pf('mlx5_core', 'legacy'), want('switchdev', 0), [TO_SWITCHDEV]],
    [
      'of ice: the mode is set while there are no VFs',
      pf('ice', 'legacy'),
      want('switchdev', 4),
      [OFF, TO_SWITCHDEV, 'create 4 VFs', bound('iavf', '0-3'), ON],
    ],
    [
      'of ice with as many VFs as wanted: they are made again',
      pf('ice', 'legacy', 4),
      want('switchdev', 4),
      [OFF, NONE, TO_SWITCHDEV, 'create 4 VFs', bound('iavf', '0-3'), ON],
    ],
    [
      'of ice with another number in the same mode: the mode stays',
      pf('ice', 'switchdev', 4),
      want('switchdev', 2),
      [OFF, NONE, 'create 2 VFs', bound('iavf', '0-1'), ON],
    ],
    ['of ice that has no VFs and gets none', pf('ice', 'switchdev'), want('', 0), [TO_LEGACY]],
    [
      'of a driver that we do not know: the kernel may give VFs their driver when the mode is set',
      pf('unheard_of', 'legacy'),
      want('switchdev', 1),
      [OFF, 'create 1 VF', TO_SWITCHDEV, ON, 'VF 0: set its MAC address, bind default', ON],
    ],
    [
      'of bnxt_en, with the link up first and the MTU before VFs are made',
      pf('bnxt_en', 'legacy', 0, { link: testLink({ up: false }) }),
      want('switchdev', 1, { mtu: 9000 }),
      ['set the link up', OFF, 'set the MTU of the PF to 9000', 'create 1 VF', TO_SWITCHDEV, bound('bnxt_en', '0'), ON],
    ],
    ['are none where it is there', pf('mlx5_core', 'switchdev', 2), want('switchdev', 2), []],
  ])('%s', (_, observed, desired, expected) => {
    expect(steps(observed, desired)).toEqual(expected);
  });

  it('come with a reason each', () => {
    const told = lines(pf('mlx5_core', 'legacy', 1), want('switchdev', 2));
    expect(told.filter((line) => line.startsWith('because'))).toEqual([
      'because the number of VFs is 1, not 2',
      'because the eSwitch mode is legacy, and switchdev is wanted',
    ]);
  });

  it('tell a VF its MAC address again, because drivers forget it with the mode', () => {
    const { pfs } = planHost(testFacts([pf('mlx5_core', 'legacy', 1)], [want('switchdev', 1)]));
    expect(pfs[0]?.vfs[0]?.steps[0]?.kind).toBe('set-vf-mac');
  });
});

describe('nothing is done about the eSwitch mode', () => {
  const held = (driver: string): ObservedPf =>
    pf(driver, 'legacy', 0, { sriov: sriov([testVf(0), netdevice(1, { uses: [{ kind: 'namespace' }] })]) });

  it.each<[string, ObservedPf, DesiredInterface, string]>([
    [
      'while a VF is in use that would lose its driver',
      held('mlx5_core'),
      want('switchdev', 2),
      'VirtualFunctionInUse): ens1 (0000:01:00.0): changing the eSwitch mode from legacy to switchdev unbinds VFs that are in use (VF 1 by a pod',
    ],
    [
      'while a VF is in use that would be removed',
      held('ice'),
      want('switchdev', 2),
      'changing the eSwitch mode from legacy to switchdev removes VFs that are in use (VF 1',
    ],
    [
      'while the representor of a VF is in a bridge',
      pf('ice', 'switchdev', 0, {
        sriov: sriov([testVf(0, { uses: [{ kind: 'representor', name: 'ens1_0', master: 'ovs-system' }] })]),
      }),
      want('', 1),
      'VF 0 by the host (its representor ens1_0 is part of ovs-system)',
    ],
    [
      'while the host uses the PF',
      pf('mlx5_core', 'legacy', 0, { uses: [{ kind: 'default-route' }] }),
      want('switchdev', 0),
      'HostInterface): ens1 (0000:01:00.0): changing the eSwitch mode from legacy to switchdev interrupts its link',
    ],
    [
      'of an igb port, which has no eSwitch',
      testPf(),
      want('switchdev', 1),
      'Unsupported): ens1 (0000:01:00.0): eSwitch mode switchdev is wanted, and the PF has no eSwitch whose mode can be changed: its driver igb',
    ],
    [
      'of a PF whose owner has set another',
      pf('mlx5_core', 'legacy', 2),
      want('switchdev', 2, { externallyManaged: true }),
      'SpecInvalid): ens1 (0000:01:00.0): externallyManaged: eSwitch mode switchdev is wanted, and its owner has set legacy',
    ],
  ])('%s', (_, observed, desired, message) => {
    const [told = '', ...others] = lines(observed, desired);
    expect(told).toContain(message);
    // What a drain would free is said as well, and nothing else.
    expect(others.filter((line) => !line.startsWith('needs a drain'))).toEqual([]);
    expect(others).toHaveLength(told.includes('VirtualFunctionInUse') ? 1 : 0);
  });
});

describe('a PF that no policy wants any more', () => {
  const reset = (observed: ObservedPf, eSwitchMode?: 'legacy' | 'switchdev'): string[] =>
    lines(observed, undefined, {
      owned: new Map([[PF, { pciAddress: PF }]]),
      initial: new Map([[PF, { eSwitchMode }]]),
    }).slice(2);

  it.each<[string, ObservedPf, 'legacy' | 'switchdev' | undefined, string[]]>([
    ['goes back to the mode that it had', pf('mlx5_core', 'switchdev', 2), 'legacy', [NONE, TO_LEGACY]],
    ['does so without VFs as well', pf('ice', 'legacy'), 'switchdev', [TO_SWITCHDEV]],
    ['stays in the mode that it had', pf('mlx5_core', 'switchdev', 2), 'switchdev', [NONE]],
    ['stays as it is where nobody knows what it was', pf('mlx5_core', 'switchdev', 2), undefined, [NONE]],
    [
      'keeps its mode while the host uses it',
      pf('mlx5_core', 'switchdev', 0, { uses: [{ kind: 'default-route' }] }),
      'legacy',
      [],
    ],
  ])('%s', (_, observed, initial, expected) => {
    expect(reset(observed, initial)).toEqual(expected);
  });

  it('is left as it is while its mode cannot be read, if it is to go back to another', () => {
    const observed = pf('mlx5_core', undefined, 0, { eSwitchUnknown: 'devlink: EIO' });
    const [told] = lines(observed, undefined, {
      owned: new Map([[PF, { pciAddress: PF }]]),
      initial: new Map([[PF, { eSwitchMode: 'legacy' }]]),
    });
    expect(told).toContain('InterfaceUnreadable');
  });
});
