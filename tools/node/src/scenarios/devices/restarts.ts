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
      for (const name of PLUGIN_CONTAINERS) {
        // The one that was killed before has started again.
        const pid = await until('both processes run', () => pidWhenAllReady(lab, name), START_MS);
        const lost = await lostStreams(lab);
        await node.guest.sh(`kill -9 ${pid}`);
        // Whom the kubelet asks at the very moment of the end cannot answer, and it asks no other then.
        await until('the kubelet has noticed', async () => (await lostStreams(lab)) > lost);
        await assertNewPodRuns(lab);
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

const PLUGIN_CONTAINERS = ['device-plugin', 'device-plugin-standby'];

/** Number of the process of a container of the device plugin; nothing before each of them has started, as its probe says. */
async function pidWhenAllReady({ node }: DeviceLab, container: string): Promise<string | undefined> {
  const names = await node.podNames({ namespace: NAMESPACE });
  const [name = ''] = names.filter((each) => each.startsWith(DAEMON_SET.devicePlugin));
  const { containerStatuses } = (await node.pod({ namespace: NAMESPACE, name })).status;
  assert.deepEqual(containerStatuses.map((each) => each.name).sort(), PLUGIN_CONTAINERS);
  if (!containerStatuses.every(({ ready }) => ready)) return undefined;
  const pids = new Map<string, string>();
  for (const each of containerStatuses) {
    const id = each.containerID?.split('//')[1] ?? 'none';
    // The kubelet may not have noticed yet that a process has ended: one that runs has this ID in its cgroup.
    const [path = ''] = (await node.guest.sh(`grep -l ${id} /proc/[0-9]*/cgroup 2>/dev/null || :`)).split('\n');
    const pid = /^\/proc\/(\d+)\//.exec(path)?.[1];
    if (pid === undefined) return undefined;
    pids.set(each.name, pid);
  }
  return pids.get(container);
}
