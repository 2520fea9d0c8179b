import assert from 'node:assert/strict';
import {
  CONDITION,
  DEFAULT_OPERATOR_NAMESPACE as NAMESPACE,
  GROUP,
  REASON,
  type SriovNetworkNodeState,
  VERSION,
} from '@sriov/api';
import { type AppliedObject } from '@sriov/control-plane';
import { conditionOf, until } from '@sriov/vm';
import {
  applyPolicy,
  assertHasGroupOfItsVf,
  assertNobodyIsHurt,
  createPod,
  type DeviceLab,
  KERNEL_PF,
  lookInside,
  untilAllocatable,
  VFIO_PF,
} from './lab.ts';

/** What changes while pods hold VFs. In the beginning `kernel-1` and `vfio-1` hold one VF each, in the end `kernel-2` two. */
export async function checkChanges(lab: DeviceLab): Promise<void> {
  const { section } = lab;
  // No drain of the node is granted until the last check.
  await limitDrains(lab, 0);
  await section.check('another number of VFs waits for the pods, and the status names them', () => checkNumber(lab));
  await section.check('after the pods the number is changed, up and down, and new pods get VFs', () =>
    checkUpAndDown(lab),
  );
  await section.check('a renamed resource offers no VF that a pod has by the old name', () => checkRename(lab));
  await section.check('without its policy a pod keeps its VF until the node is drained, and then the VFs go', () =>
    checkRemoval(lab),
  );
}

/** VFs of PFs whose number cannot change: none is touched, and the pods that are in the way are named. */
async function checkNumber(lab: DeviceLab): Promise<void> {
  const { operator } = lab;
  const before = await vfsOf(lab);
  await applyPolicy(lab, 'kernel', { pf: KERNEL_PF, resourceName: 'kernel', numVfs: 6 });
  await applyPolicy(lab, 'vfio', { pf: VFIO_PF, resourceName: 'vfio', numVfs: 2, deviceType: 'vfio-pci' });
  await operator.untilJudged('InProgress', ({ spec, status }) => {
    const isPlanned = [6, 2].every((count) => spec?.interfaces?.some(({ numVfs }) => numVfs === count));
    return isPlanned && isAwaitingDrain(status, ['default/kernel-1', 'default/vfio-1']);
  });
  assert.deepEqual(await vfsOf(lab), before);
  // What nobody uses of them can still be given to pods.
  await untilAllocatable(lab, { kernel: 4, vfio: 4 });
  await createPod(lab, 'vfio-2', { vfio: 1 });
  await lookInside(lab, 'vfio-2');
  await assertNobodyIsHurt(lab);
}

/** Once they are free, both PFs become as their policies want them. */
async function checkUpAndDown(lab: DeviceLab): Promise<void> {
  const { node, operator } = lab;
  for (const name of ['kernel-1', 'vfio-1', 'vfio-2']) await node.deletePod({ name });
  await operator.untilJudged('Succeeded');
  await untilAllocatable(lab, { kernel: 6, vfio: 2 });
  await createPod(lab, 'kernel-2', { kernel: 2 });
  await createPod(lab, 'vfio-3', { vfio: 1 });
  const kernel = await lookInside(lab, 'kernel-2');
  assert.deepEqual([kernel.addresses.length, kernel.macs.length], [2, 2]);
  await assertHasGroupOfItsVf(lab, await lookInside(lab, 'vfio-3'));
  await assertNobodyIsHurt(lab);
}

async function checkRename(lab: DeviceLab): Promise<void> {
  const { node, operator } = lab;
  const old = await lookInside(lab, 'vfio-3');
  await applyPolicy(lab, 'vfio', { pf: VFIO_PF, resourceName: 'renamed', numVfs: 2, deviceType: 'vfio-pci' });
  await operator.untilJudged('Succeeded', ({ spec }) => JSON.stringify(spec).includes('renamed'));
  // The one that the pod has is no longer on offer by any name.
  await untilAllocatable(lab, { vfio: 1, renamed: 1 });
  await createPod(lab, 'renamed-1', { renamed: 1 });
  const other = await lookInside(lab, 'renamed-1');
  assert.notDeepEqual(other.addresses, old.addresses);
  await node.deletePod({ name: 'vfio-3' });
  await untilAllocatable(lab, { vfio: 0, renamed: 2 });
  await assertNobodyIsHurt(lab);
}

async function checkRemoval(lab: DeviceLab): Promise<void> {
  const { node, operator } = lab;
  const before = await node.pod({ name: 'renamed-1' });
  await operator.deletePolicy('vfio');
  await operator.untilJudged(
    'InProgress',
    ({ spec, status }) => spec?.interfaces?.length === 1 && isAwaitingDrain(status, ['default/renamed-1']),
  );
  assert.deepEqual((await node.pod({ name: 'renamed-1' })).status.containerStatuses, before.status.containerStatuses);
  await assertHasGroupOfItsVf(lab, await lookInside(lab, 'renamed-1'));
  await limitDrains(lab, 1);
  // All pods of the namespace hold VFs.
  await until('the pods are evicted', async () => (await node.podNames({ namespace: 'default' })).length === 0);
  await operator.untilJudged('Succeeded');
  await untilAllocatable(lab, { renamed: 0 });
  assert.deepEqual(await lab.node.guest.read(`/sys/class/net/${VFIO_PF}/device/sriov_numvfs`), '0\n');
  // A pod is scheduled only when the node has been given back.
  await createPod(lab, 'kernel-2', { kernel: 2 });
  await lookInside(lab, 'kernel-2');
  await assertNobodyIsHurt(lab);
}

/** Puts the node into a pool of which so many nodes may be unavailable at once. */
async function limitDrains({ operator }: DeviceLab, maxUnavailable: number): Promise<void> {
  await operator.apply({
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'SriovNetworkPoolConfig',
    metadata: { name: 'lab', namespace: NAMESPACE },
    spec: { nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } }, maxUnavailable },
  } as AppliedObject);
}

/** The node waits for its turn to be drained, and says which pods are in the way. */
function isAwaitingDrain(status: SriovNetworkNodeState['status'], pods: readonly string[]): boolean {
  const ready = conditionOf(status, CONDITION.ready);
  return ready?.reason === REASON.drainWaiting && pods.every((pod) => ready.message.includes(pod));
}

/** PCI address and IOMMU group of each VF: another group is another VF. */
async function vfsOf({ node }: DeviceLab): Promise<string> {
  return node.guest.sh(
    'for vf in /sys/class/net/eth[12]/device/virtfn*; do readlink $vf; readlink $vf/iommu_group; done',
  );
}
