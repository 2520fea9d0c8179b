import { describe, expect, it } from '@jest/globals';
import { type ObservedBoot } from '@sriov/observed-host';
import { type IommuPreset, isGiven } from './kernel-arguments.ts';
import { planBoot } from './plan-boot.ts';

const boot = (line: string, rest: Partial<ObservedBoot> = {}): ObservedBoot => ({
  bootId: 'b1',
  arguments: line.split(' '),
  processor: 'intel',
  hasIommu: false,
  loader: { tool: 'grub', arguments: line.split(' ') },
  ...rest,
});
const plan = (seen: ObservedBoot | undefined, iommu: IommuPreset = 'passthrough', needsIommu = true): object =>
  planBoot({ boot: seen, iommu, needsIommu });
const NOTHING = { problems: [] };
const reasonFor = (list: string): object => [
  {
    kind: 'kernel-arguments',
    why: `the kernel runs without ${list}, and the IOMMU is off, which VFs need to be bound to vfio-pci`,
  },
];

describe('an argument', () => {
  it.each([
    ['is a whole word', 'intel_iommu=on', 'iommu=on', false],
    ['is one of several values', 'quiet intel_iommu=on,sm_on', 'intel_iommu=on', true],
    ['is not another value', 'intel_iommu=off', 'intel_iommu=on', false],
    ['is not the beginning of a value', 'intel_iommu=onx', 'intel_iommu=on', false],
    ['is not a word without a value', 'intel_iommu on', 'intel_iommu=on', false],
  ])('%s', (_, line, argument, expected) => {
    expect(isGiven(line.split(' '), argument)).toBe(expected);
  });
});

describe('the kernel arguments of a node', () => {
  it('are told to the boot loader, and take a reboot', () => {
    expect(plan(boot('quiet'))).toEqual({
      problems: [],
      needsReboot: reasonFor('intel_iommu=on iommu=pt'),
      beforeReboot: {
        because: ['the next boot would be without intel_iommu=on iommu=pt'],
        steps: [{ kind: 'add-kernel-arguments', tool: 'grub', words: ['intel_iommu=on', 'iommu=pt'] }],
      },
    });
  });

  it('take a reboot alone where the boot loader has them already', () => {
    const loader = { tool: 'grubby', arguments: ['intel_iommu=on', 'iommu=pt'] } as const;
    expect(plan(boot('quiet', { loader }))).toEqual({
      problems: [],
      needsReboot: reasonFor('intel_iommu=on iommu=pt'),
    });
  });

  it('are all written where one is missing, because a file of ours is written anew', () => {
    const loader = { tool: 'grub', arguments: ['intel_iommu=on'] } as const;
    expect(plan(boot('quiet', { loader }))).toMatchObject({
      beforeReboot: {
        because: ['the next boot would be without iommu=pt'],
        steps: [{ words: ['intel_iommu=on', 'iommu=pt'] }],
      },
    });
  });

  it('can have the devices of the host go through tables', () => {
    expect(plan(boot('quiet'), 'translated')).toMatchObject({
      needsReboot: reasonFor('intel_iommu=on iommu.passthrough=0'),
    });
  });

  it.each<[string, object]>([
    ['no VF needs an IOMMU', plan(boot('quiet'), 'passthrough', false)],
    ['somebody else takes care of them', plan(boot('quiet'), 'none')],
    ['the IOMMU is on without them', plan(boot('quiet', { hasIommu: true }))],
    ['the IOMMU is on with other values', plan(boot('intel_iommu=on,sm_on', { hasIommu: true }))],
    ['the argument is there, and the firmware has no IOMMU', plan(boot('intel_iommu=on'))],
    ['an AMD machine would not turn it on by an argument', plan(boot('quiet', { processor: 'amd' }))],
    ['an ARM machine needs none', plan(boot('quiet', { processor: 'other' }))],
    ['nobody has looked', plan(undefined)],
  ])('stay as they are where %s', (_, planned) => {
    expect(planned).toEqual(NOTHING);
  });

  it.each([
    [
      'the boot loader cannot be told',
      boot('quiet', { loader: { fault: 'there is none' } }),
      'the kernel needs the arguments intel_iommu=on iommu=pt for VFs that are bound to vfio-pci, and the operator cannot set them: there is none; add them, and reboot the node',
    ],
    [
      'somebody has turned the IOMMU off',
      boot('quiet intel_iommu=off'),
      'the command line of the kernel has "intel_iommu=off", by which somebody has turned the IOMMU off: remove it if VFs are to be bound to vfio-pci',
    ],
  ])('are a problem without a reboot where %s', (_, seen, message) => {
    expect(plan(seen)).toEqual({ problems: [{ reason: 'KernelArgumentsMissing', message }] });
  });
});
