import { detach } from './detach.ts';
import { addPort } from './boot.ts';
import { type Machine } from './machine.ts';

/** Takes a function out of the machine, as `remove` does and as pulling the card does. Its VFs go with it. */
export async function removeDevice(machine: Machine, address: string): Promise<void> {
  machine.device(address).isLeaving = true;
  machine.begun();
  await machine.lockOf(address).run(async () => {
    // Somebody else may have been before us.
    if (machine.state.devices[address] === undefined) return;
    await detach(machine, address);
    delete machine.state.devices[address];
    machine.changed({ kind: 'device', name: address });
  });
}

/** Brings back the ports of the world that are missing, fresh, as a bus rescan or a new card does. */
export function rescanBus(machine: Machine): void {
  for (const nic of machine.world.nics) {
    if (machine.state.devices[nic.address]) continue;
    addPort(machine.state, machine.world, nic);
    machine.changed({ kind: 'device', name: nic.address });
  }
}
