import assert from 'node:assert/strict';
import { DAEMON_SET } from '../../operator.ts';
import {
  applyPolicy,
  assertHasGroupOfItsVf,
  assertNobodyIsHurt,
  createPod,
  type DeviceLab,
  KERNEL_PF,
  lookInside,
  PREFIX,
  untilAllocatable,
  VFIO_PF,
} from './lab.ts';

/** The way from a policy to a pod. */
export async function checkFirstPods(lab: DeviceLab): Promise<void> {
  const { section, operator, history } = lab;
  await section.check('policies become VFs, and the kubelet can give them to pods', async () => {
    await applyPolicy(lab, 'kernel', { pf: KERNEL_PF, resourceName: 'kernel', numVfs: 4 });
    await applyPolicy(lab, 'vfio', { pf: VFIO_PF, resourceName: 'vfio', numVfs: 4, deviceType: 'vfio-pci' });
    await operator.select(true);
    await operator.untilJudged('Succeeded', ({ spec }) => spec?.interfaces?.length === 2);
    await untilAllocatable(lab, { kernel: 4, vfio: 4 });
    await operator.untilRolledOut(DAEMON_SET.devicePlugin);
    const since = history.sinceWhen('Succeeded') ?? Number.NaN;
    for (const name of ['kernel', 'vfio']) {
      const ms = history.delayOf(`${PREFIX}/${name}`, 4, since);
      section.show(`${name}: allocatable ${ms.toFixed(0)} ms after Succeeded`);
    }
  });
  await section.check('a pod gets a VF of the kernel as its interface', async () => {
    await createPod(lab, 'kernel-1', { kernel: 1 });
    const { addresses, macs, vfio } = await lookInside(lab, 'kernel-1');
    assert.equal(addresses.length, 1);
    assert.equal(macs.length, 1);
    assert.deepEqual(vfio, []);
    const { status } = await operator.nodeState();
    const vf = status?.interfaces?.flatMap(({ Vfs = [] }) => Vfs).find(({ pciAddress }) => pciAddress === addresses[0]);
    assert.equal(macs[0], vf?.mac);
  });
  await section.check('a pod gets a VF for user space by the file of its IOMMU group', async () => {
    await createPod(lab, 'vfio-1', { vfio: 1 });
    const found = await lookInside(lab, 'vfio-1');
    await assertHasGroupOfItsVf(lab, found);
    assert.deepEqual(found.macs, []);
  });
  await assertNobodyIsHurt(lab);
}
