import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedVf } from '@sriov/observed-host';
import { PF, testLink, testPf, testVf } from '../test/test-host.ts';
import { type NamesResult, planNames } from './plan-names.ts';

const ENTRY: DesiredInterface = { pciAddress: PF, name: 'ens1', numVfs: 2, eSwitchMode: 'switchdev' };

/** What is planned for two VFs, and what people are told. */
function plan(
  vfs: readonly Partial<ObservedVf>[],
  { byUdev = true, entry = ENTRY, name = 'ens1', taken = [] as readonly string[] } = {},
): { readonly steps: unknown; readonly warnings: NamesResult['warnings'] } {
  const pf = testPf(
    vfs.map((change, id) => testVf(id, change)),
    { link: testLink({ name }) },
  );
  const { plans, warnings } = planNames(entry, pf, { byUdev, linkNames: new Set(taken) });
  const steps = plans.map(({ step }) =>
    step.kind === 'name-representors' ? [step.byUdev ? 'udev' : 'altname', ...step.names.entries()] : step.kind,
  );
  return { steps, warnings };
}

describe('a representor', () => {
  it.each<[string, ReturnType<typeof plan>, unknown]>([
    ['gets its name from udev', plan([{ representor: 'eth0' }]), [['udev', [0, 'ens1_0']]]],
    [
      'gets an alternative name where udev cannot',
      plan([{ representor: 'eth0' }], { byUdev: false }),
      [['altname', [0, 'ens1_0']]],
    ],
    [
      'gets an alternative name where the name is too long',
      plan([{ representor: 'eth0' }], { name: 'enp216s0f0np0x' }),
      [['altname', [0, 'enp216s0f0np0x_0']]],
    ],
    ['that has the name is left alone', plan([{ representor: 'ens1_0' }]), []],
    [
      'that has it as an alternative name is left alone',
      plan([{ representor: 'eth0', representorAltNames: ['ens1_0'] }], { taken: ['ens1_0'] }),
      [],
    ],
    ['that is not there (yet) is left alone', plan([{}, { representor: 'eth1' }]), [['udev', [1, 'ens1_1']]]],
    [
      'of VFs that others manage is left alone',
      plan([{ representor: 'eth0' }], { entry: { ...ENTRY, externallyManaged: true } }),
      [],
    ],
    [
      'in a mode that no policy wants is left alone',
      plan([{ representor: 'eth0' }], { entry: { ...ENTRY, eSwitchMode: 'legacy' } }),
      [],
    ],
  ])('%s', (_, { steps }, expected) => {
    expect(steps).toEqual(expected);
  });

  it('whose name another interface has is a warning, and the others get theirs', () => {
    expect(plan([{ representor: 'eth0' }, { representor: 'eth1' }], { taken: ['ens1_0'] })).toEqual({
      steps: [['udev', [1, 'ens1_1']]],
      warnings: [
        `ens1 (${PF}): the representor eth0 of VF 0 is not named ens1_0, because another interface has that name`,
      ],
    });
  });
});
