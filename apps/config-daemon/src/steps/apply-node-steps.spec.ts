import { describe, expect, it } from '@jest/globals';
import { type Kernel } from '@sriov/host';
import { type NodePlan } from '@sriov/node-plan';
import { applyNodeSteps } from './apply-node-steps.ts';

const folder = { write: () => Promise.resolve(), remove: () => Promise.resolve() };

describe('a step on the node as a whole', () => {
  it('that cannot be done for want of a folder fails, and does not pass for done', async () => {
    const step = { kind: 'add-kernel-arguments', tool: 'grub', words: ['iommu=pt'] } as const;
    const plan: NodePlan = { because: ['the next boot would be without iommu=pt'], steps: [step] };
    const ended: unknown[] = [];
    const onStep = () => (failure: unknown) => void ended.push(failure);
    const failures = await applyNodeSteps({ kernel: {} as Kernel, folder, onStep }, plan);
    expect(failures).toMatchObject([
      { kind: 'add-kernel-arguments', outcome: 'failed', message: expect.stringContaining('folder of GRUB') },
    ]);
    expect(ended).toEqual(failures);
  });
});
