import assert from 'node:assert/strict';
import { until } from '@sriov/vm';
import { DEFAULT_OPERATOR_NAMESPACE as NAMESPACE } from '@sriov/api';
import { DAEMON_SET } from '../../operator.ts';
import { assertNobodyIsHurt, createPod, type DeviceLab, lookInside, untilAllocatable } from './lab.ts';

/** What is started again while pods hold VFs: `kernel-2` holds two of six, and there are no others. */
export async function checkRestarts(lab: DeviceLab): Promise<void> {
  const { section, node, operator } = lab;
  await section.check('after the kubelet was killed pods have their VFs, and new pods get others', async () => {
    await node.stopKubelet('KILL');
    await node.startKubelet();
    await untilAllocatable(lab, { kernel: 6 });
    await assertNewPodRuns(lab);
  });
  await section.check(
    'pods get VFs after each of the processes of the device plugin was killed, by the other one',
    async () => {
      const containers = await pluginContainers(lab);
      assert.equal(containers.length, 2);
      for (const { name, restartCount, pid } of containers) {
        const lost = await lostStreams(lab);
        await node.guest.sh(`kill -9 ${pid}`);
        // Whom the kubelet asks at the very moment of the end cannot answer, and it asks no other then.
        await until('the kubelet has noticed', async () => (await lostStreams(lab)) > lost);
        await assertNewPodRuns(lab);
        await until(
          `${name} has started again`,
          async () => (await pluginContainers(lab)).some((each) => isNewer(each, { name, restartCount })),
          START_MS,
        );
      }
    },
  );
  await section.check('pods get VFs while the daemon and the device plugin are upgraded', async () => {
    const before = await node.pod({ name: 'kernel-2' });
    for (const daemonSet of Object.values(DAEMON_SET)) {
      await Promise.all([operator.rollOut(daemonSet, daemonSet), assertNewPodRuns(lab)]);
    }
    await operator.untilJudged('Succeeded');
    assert.deepEqual((await node.pod({ name: 'kernel-2' })).status.containerStatuses, before.status.containerStatuses);
    await assertNewPodRuns(lab);
  });
}

/** Node.js starts slowly on an emulated machine. */
const START_MS = 180_000;

let count = 0;

/** A new pod gets a VF, and gives it back. */
async function assertNewPodRuns(lab: DeviceLab): Promise<void> {
  count += 1;
  const name = `new-${count}`;
  await createPod(lab, name, { kernel: 1 });
  const { addresses, macs } = await lookInside(lab, name);
  assert.deepEqual([addresses.length, macs.length], [1, 1]);
  await assertNobodyIsHurt(lab);
  await lab.node.deletePod({ name });
}

/** How often a device plugin has gone away, as the kubelet logs it (pkg/kubelet/cm/devicemanager/plugin/v1beta1/client.go). */
async function lostStreams({ node }: DeviceLab): Promise<number> {
  return (await node.guest.log('kubelet')).split('ListAndWatch ended unexpectedly').length;
}

/** A container of the device plugin. */
interface PluginContainer {
  readonly name: string;
  readonly restartCount: number;
  /** It has started, as its probe says. */
  readonly isReady: boolean;
  /** Number of its process; empty while it has none. */
  readonly pid: string;
}

async function pluginContainers({ node }: DeviceLab): Promise<readonly PluginContainer[]> {
  const names = await node.podNames({ namespace: NAMESPACE });
  const [name = ''] = names.filter((each) => each.startsWith(DAEMON_SET.devicePlugin));
  const { status } = await node.pod({ namespace: NAMESPACE, name });
  // The brackets keep the search from finding itself.
  const search = `for p in /proc/[0-9]*; do if grep -q '[a]llocation-policy' $p/cmdline; then echo "\${p#/proc/} $(cat $p/cgroup)"; fi; done`;
  const processes = (await node.guest.sh(`${search} 2>/dev/null`)).split('\n');
  return status.containerStatuses.map(({ name, restartCount, ready, containerID = '' }) => {
    const id = containerID.split('//')[1];
    const own = processes.find((line) => id !== undefined && line.includes(id));
    return { name, restartCount, isReady: ready, pid: own?.split(' ')[0] ?? '' };
  });
}

function isNewer(container: PluginContainer, before: Pick<PluginContainer, 'name' | 'restartCount'>): boolean {
  return container.name === before.name && container.restartCount > before.restartCount && container.isReady;
}
