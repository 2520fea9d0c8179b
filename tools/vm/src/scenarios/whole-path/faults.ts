import assert from 'node:assert/strict';
import { CONDITION, REASON } from '@sriov/api';
import { conditionOf } from '../../node-policies.ts';
import { lookAtHost } from '../../host-view.ts';
import { PFS } from '../../pfs.ts';
import { NICS, nicDevice } from '../../machine/qemu-command.ts';
import { until } from '../../until.ts';
import { assertConfigured, checkRemoval, type Path, untilConfigured } from './path.ts';

/** What goes wrong around the daemon. */
export async function checkFaults(path: Path): Promise<void> {
  await checkHeldVf(path);
  await checkBlockedWrite(path);
  await checkUnplug(path);
}

/** A program in the guest that has the first VF of eth1 open through VFIO. */
async function hold({ guest }: Path, ...flags: string[]): Promise<void> {
  const address = (await guest.readlink(`/sys/bus/pci/devices/${PFS.eth1}/virtfn0`)).replace('../', '');
  await guest.start('hold-vfio', 'perl', ['/host/programs/hold-vfio.pl', address, ...flags]);
  await until('the VF is held', async () => (await guest.log('hold-vfio')).trim().endsWith('holding'));
}

async function checkHeldVf(path: Path): Promise<void> {
  const { section, cluster, guest } = path;
  await section.check('a VF that a program has open is left alone, and named with the program', async () => {
    await hold(path);
    await cluster.select(false);
    const { status } = await cluster.untilJudged('Failed');
    // The node has asked to be drained, and no drain controller runs here.
    assert.equal(conditionOf(status, CONDITION.degraded)?.reason, REASON.drainUnanswered);
    assert.match(status?.lastSyncError ?? '', /^eth1 \(0000:01:00\.0\): .*in use \(VF 0 by process \d+ \(perl\)\)/m);
    assert.equal((await lookAtHost(guest)).get(PFS.eth1)?.vfs.length, 7);
    assert.equal((await lookAtHost(guest)).get(PFS.eth2)?.vfs.length, 0);
    await cluster.select(true);
    await guest.stop('hold-vfio', 'SIGKILL');
    await untilConfigured(path, 2);
  });
}

/** The program lets go of the group and keeps the device, as one that was handed the device: nobody can see that. */
async function checkBlockedWrite(path: Path): Promise<void> {
  const { section, cluster, guest, daemon } = path;
  await section.check('a write that blocks in the kernel is reported, and the daemon stays alive', async () => {
    await hold(path, '--device-only');
    await cluster.select(false);
    const { status } = await cluster.untilState('a step that does not come back', (state) =>
      /not back from the kernel since/.test(conditionOf(state.status, CONDITION.progressing)?.message ?? ''),
    );
    const { message = '' } = conditionOf(status, CONDITION.progressing) ?? {};
    assert.match(message, /^eth1 \(0000:01:00\.0\): remove all VFs: not back from the kernel since \d{4}-/m);
    assert.equal(await daemon.isAlive(), true);
    // Nothing is said of eth2: the kernel takes VFs away under one lock for the whole machine, so that eth2 has to
    // wait as well where eth1 came first. It is named then, too.
  });
  await section.check('it goes on by itself when the write comes back', () => guest.stop('hold-vfio', 'SIGKILL'));
  await checkRemoval(path);
  await section.check('and all can be created again', async () => {
    await cluster.select(true);
    await assertConfigured(guest, await untilConfigured(path, 2), 2);
  });
}

async function checkUnplug(path: Path): Promise<void> {
  const { section, cluster, guest } = path;
  const nic = NICS[1];
  if (!nic) return;
  await section.check('a PF that is pulled is reported, and the other one keeps its VFs', async () => {
    const before = (await lookAtHost(guest)).get(PFS.eth1);
    await guest.monitor('device_del', { id: nic.id });
    // Its driver goes first, and for that moment it is a PF without a name. It stays in the spec all the same.
    const { status } = await cluster.untilJudged(
      'Failed',
      (state) => conditionOf(state.status, CONDITION.degraded)?.reason === REASON.interfaceNotFound,
    );
    assert.deepEqual(
      status?.interfaces?.map(({ name }) => name),
      ['eth0', 'eth1'],
    );
    assert.deepEqual((await lookAtHost(guest)).get(PFS.eth1), before);
  });
  await section.check('a PF that is plugged in again gets its VFs again', async () => {
    await guest.monitor('device_add', nicDevice(nic));
    await assertConfigured(guest, await untilConfigured(path, 2), 2);
  });
}
