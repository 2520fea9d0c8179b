import { describe, expect, it } from '@jest/globals';
import { type ObservedPf } from '@sriov/observed-host';
import { netdevice, PF, testLink, testPf } from '../test/test-host.ts';
import { type InitialPf } from './plan-pf.ts';
import { planReset } from './plan-reset.ts';
import { type PfStep } from './steps.ts';

const REMOVE: PfStep = { kind: 'set-num-vfs', numVfs: 0 };
const UP: PfStep = { kind: 'set-link-up' };
const vfs = [netdevice(0), netdevice(1)];
const down = testLink({ up: false });

const reset = (observed: ObservedPf, initial?: InitialPf): ReturnType<typeof planReset> =>
  planReset({ observed, initial, allowHostInterfaces: false });

function withoutLink({ link: _, ...pf }: ObservedPf): ObservedPf {
  return pf;
}

describe('a PF that is given back', () => {
  it.each<[string, ObservedPf, PfStep[]]>([
    ['loses its VFs', testPf(vfs), [REMOVE]],
    ['loses them while its link is down, where its driver can', testPf(vfs, { link: down }), [REMOVE]],
    [
      'has its link set up first where its driver needs that',
      testPf(vfs, { link: down, driver: 'bnxt_en' }),
      [UP, REMOVE],
    ],
    ['has no link set up that is up', testPf(vfs, { driver: 'bnxt_en' }), [REMOVE]],
    ['has no link set up that nobody sees', withoutLink(testPf(vfs, { driver: 'unheard_of' })), [REMOVE]],
  ])('%s', (_, observed, before) => {
    expect(reset(observed)).toEqual({
      plan: {
        pciAddress: PF,
        name: observed.link?.name ?? PF,
        because: ['no policy selects the PF any more'],
        before,
        vfs: [],
        after: [],
      },
      problems: [],
    });
  });

  it.each<[string, ObservedPf, InitialPf | undefined]>([
    ['was not known before', testPf(), undefined],
    ['has everything as it was', testPf(), { mtu: 1500, autoprobe: true }],
    ['has no interface whose MTU could be set', withoutLink(testPf()), { mtu: 9000 }],
  ])('is left alone when it has no VFs and %s', (_, observed, initial) => {
    expect(reset(observed, initial)).toEqual({ problems: [] });
  });

  it('gets back its driver probing, then its MTU', () => {
    expect(reset(testPf(), { mtu: 9000, autoprobe: false }).plan).toMatchObject({
      before: [],
      after: [
        { kind: 'set-autoprobe', enabled: false },
        { kind: 'set-pf-mtu', mtu: 9000 },
      ],
    });
  });

  it('keeps its MTU, without a word, where the host depends on it', () => {
    const observed = testPf([], { uses: [{ kind: 'default-route' }] });
    expect(reset(observed, { mtu: 9000 })).toEqual({ problems: [] });
  });

  it('is asked for nothing that only VFs need: neither its eSwitch mode, nor its interface, nor who uses it', () => {
    const observed = testPf([], { eSwitchUnknown: 'devlink: EIO', uses: [{ kind: 'default-route' }] });
    expect(reset(withoutLink(observed)).problems).toEqual([]);
  });
});

describe('a PF that is given back and was in another eSwitch mode before', () => {
  const inSwitchdev = testPf([], { driver: 'mlx5_core', eSwitchMode: 'switchdev' });
  const inLegacy = (driver: string, eSwitchMode?: 'legacy'): ObservedPf =>
    testPf([], { driver, ...(eSwitchMode && { eSwitchMode }) });

  it('returns to it', () => {
    expect(reset(inSwitchdev, { eSwitchMode: 'legacy' }).plan?.before).toEqual([
      { kind: 'set-eswitch-mode', mode: 'legacy' },
    ]);
  });

  it.each<[string, ObservedPf]>([
    ['has left switchdev mode with its last VF', inLegacy('bnxt_en', 'legacy')],
    ['hides its eSwitch without VFs', inLegacy('mlx5_core')],
  ])('is done when it %s: the mode would be refused for ever', (_, observed) => {
    expect(reset(observed, { eSwitchMode: 'switchdev' })).toEqual({ problems: [] });
  });

  it.each<[string, ObservedPf, string]>([
    ['shows no interface, so that nobody knows who uses it', withoutLink(inSwitchdev), 'InterfaceNotFound'],
    ['is in a pod', { ...inSwitchdev, uses: [{ kind: 'allocated', to: 'pod a/b' }] }, 'VirtualFunctionInUse'],
    ['may be in use', { ...inSwitchdev, uses: [{ kind: 'unknown', cause: 'EIO' }] }, 'VirtualFunctionInUse'],
  ])('is not changed and not forgotten while it %s', (_, observed, reason) => {
    const { plan, problems } = reset(observed, { eSwitchMode: 'legacy' });
    expect([plan, problems.map((problem) => problem.reason)]).toEqual([undefined, [reason]]);
  });

  it('keeps the mode that it has where the host depends on it', () => {
    const observed: ObservedPf = { ...inSwitchdev, uses: [{ kind: 'default-route' }] };
    expect(reset(observed, { eSwitchMode: 'legacy' })).toEqual({ problems: [] });
  });
});
