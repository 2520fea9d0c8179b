import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ANNOTATION, CONDITION, REASON, type SriovNetworkNodeState } from '@sriov/api';
import { NODE } from '../cluster.ts';
import { type Guest } from '../machine/guest.ts';
import { type Firmware } from '../machine/qemu-command.ts';
import { conditionOf } from '../node-policies.ts';
import { type Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import { onPath, type Path } from './whole-path/path.ts';

/** The arguments of the kernel matter only on machines of Intel. */
const INTEL = 'max,vendor=GenuineIntel';
const VFS = 4;

/**
 * A machine whose IOMMU is off, and a policy that needs it: the arguments do not come with one boot, do with another one
 * without effect, because the setup of the firmware has VT-d off, and do with a third one. The kernel of the guests turns
 * on an IOMMU that is there without being asked (CONFIG_INTEL_IOMMU_DEFAULT_ON), so its absence stands for all of it.
 */
export const kernelArguments: Scenario = {
  name: 'kernel-arguments',
  async run(lab) {
    await lab.section.check('a machine boots without an IOMMU', async () => {
      await powerCycle(lab.guest, { hasIommu: false, kernelArguments: '' });
      assert.deepEqual(await lab.guest.list('/sys/class/iommu'), []);
    });
    await onPath(lab, async (path) => {
      await checkConsent(path);
      await checkUselessReboot(path);
      await checkReboot(path);
    });
  },
};

/** It is the only node of its cluster. */
async function checkConsent(path: Path): Promise<void> {
  const { section, cluster, programs, guest } = path;
  await section.check('the node asks for a reboot, and nothing is written before it is granted', async () => {
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }] };
    await cluster.request('PATCH', `/api/v1/nodes/${NODE}/status`, { status });
    await cluster.startService('drain-controller', programs.drainController);
    const dpdk = { resourceName: 'dpdk', deviceType: 'vfio-pci', numVfs: VFS, priority: 99 } as const;
    await cluster.applyPolicy('dpdk', { ...dpdk, nicSelector: { pfNames: ['eth1'] } });
    await cluster.select(true);
    await cluster.untilState('the node waits for consent', ({ status: seen }) => {
      const message = conditionOf(seen, CONDITION.drained)?.message ?? '';
      return message.includes(`kubectl annotate node ${NODE} ${ANNOTATION.allowReboot}=true`);
    });
    assert.deepEqual([await guest.list('/etc/default/grub.d'), await readRequest(guest)], [[], undefined]);
  });
  await section.check('with consent the boot loader is told, and systemd is asked for the reboot', async () => {
    const annotations = { [ANNOTATION.allowReboot]: 'true' };
    await cluster.request('PATCH', `/api/v1/nodes/${NODE}`, { metadata: { annotations } });
    await untilReady(path, REASON.rebooting);
    const request = await until('systemd is asked', () => readRequest(guest));
    assert.match(request, /^--collect --unit=sriov-network-config-daemon-reboot .*systemctl reboot\n$/);
    assert.equal(await toldArguments(guest), 'ro intel_iommu=on iommu=pt');
  });
}

/** The machine boots by something that the boot loader did not tell. */
async function checkUselessReboot(path: Path): Promise<void> {
  const { section, guest, daemon } = path;
  await section.check('a reboot that does not bring the arguments is not repeated', async () => {
    await forgetRequest(guest);
    await powerCycle(guest, { hasIommu: false, kernelArguments: '' });
    await daemon.restart();
    const { status } = await untilReady(path, REASON.rebootLoop);
    assert.match(conditionOf(status, CONDITION.ready)?.message ?? '', /intel_iommu=on/);
    assert.equal(await readRequest(guest), undefined);
  });
}

async function checkReboot(path: Path): Promise<void> {
  const { section, guest, daemon, cluster } = path;
  await section.check(
    'arguments without effect are the fault of the firmware, and are not asked for again',
    async () => {
      await powerCycle(guest, { hasIommu: false, kernelArguments: await toldArguments(guest) });
      await daemon.restart();
      await untilReady(path, REASON.iommuOff);
      assert.equal(await readRequest(guest), undefined);
    },
  );
  await section.check('with the arguments the VFs are bound to vfio-pci, and the node is given back', async () => {
    await powerCycle(guest, { hasIommu: true, kernelArguments: await toldArguments(guest) });
    await daemon.restart();
    const { status } = await cluster.untilJudged('Succeeded', (state) => state.status?.vfCount === VFS);
    const pf = status?.interfaces?.find(({ name }) => name === 'eth1');
    assert.deepEqual(
      pf?.Vfs?.map(({ driver }) => driver),
      Array.from({ length: VFS }, () => 'vfio-pci'),
    );
    await until('the node is given back', async () => {
      const { metadata, spec } = (await cluster.request('GET', `/api/v1/nodes/${NODE}`)) as SriovNetworkNodeState & {
        spec: { unschedulable?: boolean };
      };
      return metadata.annotations?.[ANNOTATION.nodeState] === 'Idle' && spec.unschedulable !== true;
    });
    assert.equal(await readRequest(guest), undefined);
  });
}

function untilReady({ cluster }: Path, reason: string): Promise<SriovNetworkNodeState> {
  return cluster.untilState(reason, ({ status }) => conditionOf(status, CONDITION.ready)?.reason === reason);
}

async function powerCycle(guest: Guest, firmware: Omit<Firmware, 'processor'>): Promise<void> {
  await guest.powerCycleAs({ ...firmware, processor: INTEL });
  await guest.sh('/host/programs/boot-loader.sh; ip link set eth1 up');
}

/** What the kernel will be given by the configuration of the boot loader. */
async function toldArguments(guest: Guest): Promise<string> {
  return /^\tlinux\t\S+ (.*)$/m.exec(await guest.read('/boot/grub/grub.cfg'))?.[1] ?? '';
}

const requestFile = ({ share }: Guest): string => join(share, 'systemd-run');

/** What systemd was asked for; nothing when it was not asked. */
async function readRequest(guest: Guest): Promise<string | undefined> {
  return readFile(requestFile(guest), 'utf8').catch(() => undefined);
}

async function forgetRequest(guest: Guest): Promise<void> {
  await rm(requestFile(guest));
}
