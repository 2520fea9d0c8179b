import { until } from '@sriov/vm';
import {
  applyPolicy,
  assertHasGroupOfItsVf,
  assertNobodyIsHurt,
  createPod,
  type DeviceLab,
  lookInside,
  PREFIX,
  untilAllocatable,
  VFIO_PF,
} from './lab.ts';

const CHANGES = 20;
/** VFs by turns. There are enough for one pod with any of them. */
const NUMBERS = [5, 4, 3];

/**
 * Another number of VFs makes all VFs of a PF anew. A pod that wants one comes each time in the middle of it: it gets a
 * VF before the change, which then waits for the pod, or after it.
 */
export async function checkStream(lab: DeviceLab): Promise<void> {
  const { section, node, operator, history } = lab;
  await section.check('the first VFs are there', async () => {
    await applyNumber(lab, NUMBERS[0] ?? 0);
    await operator.select(true);
    await untilAllocatable(lab, { vfio: NUMBERS[0] ?? 0 });
  });
  await section.check(`no pod is rejected that comes during one of ${CHANGES} changes`, async () => {
    const delays: number[] = [];
    const spent: number[] = [];
    for (let change = 1; change <= CHANGES; change += 1) {
      const numVfs = NUMBERS[change % NUMBERS.length] ?? 0;
      const name = `stream-${change}`;
      const begin = performance.now();
      await applyNumber(lab, numVfs);
      // Its VF has no interface, so it needs no network of its own: it starts sooner.
      await createPod(lab, name, { vfio: 1 }, { hostNetwork: true });
      await assertHasGroupOfItsVf(lab, await lookInside(lab, name));
      await assertNobodyIsHurt(lab);
      await node.deletePod({ name });
      await until(`${numVfs} VFs`, async () => numVfsOf((await operator.nodeState()).status) === numVfs);
      await operator.untilJudged('Succeeded');
      const since = history.sinceWhen('Succeeded') ?? Number.NaN;
      await untilAllocatable(lab, { vfio: numVfs });
      spent.push(performance.now() - begin);
      delays.push(history.delayOf(`${PREFIX}/vfio`, numVfs, since));
    }
    const longest = Math.max(...delays).toFixed(0);
    section.show(`rejected or failed: ${history.failed.size}; allocatable at most ${longest} ms after Succeeded`);
    const [least = 0, most = 0] = [Math.min(...spent), Math.max(...spent)].map((ms) => ms / 1000);
    section.show(`a change took ${least.toFixed(0)} to ${most.toFixed(0)} s, with the pod that it waited for`);
  });
}

const applyNumber = (lab: DeviceLab, numVfs: number): Promise<void> =>
  applyPolicy(lab, 'vfio', { pf: VFIO_PF, resourceName: 'vfio', numVfs, deviceType: 'vfio-pci' });

type Status = Awaited<ReturnType<DeviceLab['operator']['nodeState']>>['status'];

const numVfsOf = (status: Status): number | undefined =>
  status?.interfaces?.find(({ name }) => name === VFIO_PF)?.Vfs?.length;
