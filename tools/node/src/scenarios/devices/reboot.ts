import {
  applyPolicy,
  assertHasGroupOfItsVf,
  createPod,
  type DeviceLab,
  KERNEL_PF,
  lookInside,
  untilAllocatable,
  VFIO_PF,
} from './lab.ts';

/** VFs are gone after a boot: the daemon makes them again. */
export async function checkReboot(lab: DeviceLab): Promise<void> {
  const { section, node, operator, history } = lab;
  await section.check('after a reboot the VFs are made again, and new pods get them', async () => {
    await applyPolicy(lab, 'kernel', { pf: KERNEL_PF, resourceName: 'kernel', numVfs: 6 });
    await applyPolicy(lab, 'vfio', { pf: VFIO_PF, resourceName: 'vfio', numVfs: 3, deviceType: 'vfio-pci' });
    await operator.select(true);
    await untilAllocatable(lab, { kernel: 6, vfio: 3 });
    await node.reboot();
    await operator.untilJudged('Succeeded', ({ status }) => status?.vfCount === 9);
    await untilAllocatable(lab, { kernel: 6, vfio: 3 });
    await createPod(lab, 'after-reboot', { vfio: 1 });
    await assertHasGroupOfItsVf(lab, await lookInside(lab, 'after-reboot'));
  });
  section.show(`rejected by the kubelet after the reboot: ${[...history.failed].join('; ') || 'none'}`);
}
