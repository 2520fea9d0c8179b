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
      const killed: string[] = [];
      for (const name of PLUGIN_CONTAINERS) {
        // The one that was killed before has started again.
        const ids = await until('both processes run', () => pluginContainers(lab, killed), START_MS);
        const id = ids[name] ?? '';
        killed.push(id);
        const lost = await lostStreams(lab);
        await node.guest.sh(`kill -9 $(grep -l ${id} /proc/[0-9]*/cgroup | cut -d/ -f3)`);
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

/** IDs of the containers of the device plugin by name; nothing before each has started, as its probe says, and none is old. */
async function pluginContainers(
  { node }: DeviceLab,
  old: readonly string[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const names = await node.podNames({ namespace: NAMESPACE });
  const [pod = ''] = names.filter((each) => each.startsWith(DAEMON_SET.devicePlugin));
  const { containerStatuses } = (await node.pod({ namespace: NAMESPACE, name: pod })).status;
  assert.deepEqual(containerStatuses.map((each) => each.name).sort(), PLUGIN_CONTAINERS);
  const ids = Object.fromEntries(
    containerStatuses.map(({ name, containerID = '' }) => [name, containerID.split('//')[1] ?? '']),
  );
  const isRunning = containerStatuses.every(({ ready }) => ready) && !Object.values(ids).some((id) => old.includes(id));
  return isRunning ? ids : undefined;
}
