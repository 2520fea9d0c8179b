import { Errno } from '../tree.ts';
import { detach } from './detach.ts';
import { removeDevice } from './hotplug.ts';
import { type Machine } from './machine.ts';
import { letGo, removeVdpa } from './vdpa.ts';
import { finishVfs } from './vfs.ts';

/**
 * Goes on with everything that was under way when an earlier process ended: the kernel does not stop with its caller.
 * Whoever wants the locks of these devices waits until it is done.
 */
export function resumeWork(machine: Machine): void {
  for (const link of Object.values(machine.state.links)) delete link.isWithoutCarrier;
  resumeVdpa(machine);
  for (const [address, device] of Object.entries(machine.state.devices)) {
    const pf = device.vf?.pf ?? address;
    if (device.pf?.vfsToBe !== undefined) {
      goOn(machine.lockOf(pf).run(() => finishVfs(machine, machine.pf(pf))));
    }
    if (device.isDetaching === true) goOn(machine.lockOf(pf).run(() => detach(machine, address)));
    if (device.isLeaving === true) goOn(removeDevice(machine, address));
  }
}

function resumeVdpa(machine: Machine): void {
  for (const [name, device] of Object.entries(machine.state.vdpa ?? {})) {
    if (device.isLeaving === true) goOn(removeVdpa(machine, name));
    else if (device.driver === undefined && device.number !== undefined) goOn(letGo(machine, name));
  }
}

/** What was to be finished may have gone with something else that was. */
function goOn(work: Promise<void>): void {
  void work.catch((error: unknown) => {
    if (!(error instanceof Errno)) throw error;
  });
}
