import { keepSettings } from './infiniband.ts';
import { removeLinks } from './interfaces.ts';
import { type Machine, type Pf } from './machine.ts';
import { allocateIrqs } from './numbers.ts';
import { removeRepresentors } from './representors.ts';
import { removeVdpasOf } from './vdpa.ts';

/**
 * Unbinds whatever is bound. Of a PF all VFs go first; of a VF that is held open, when its holder lets go. Goes on with
 * what a process that has ended meanwhile had begun.
 */
export async function detach(machine: Machine, address: string): Promise<void> {
  const device = machine.device(address);
  if (device.driver === undefined && device.isDetaching !== true) return;
  if (device.pf && machine.model(address).sriov) await removeAllVfs(machine, machine.pf(address));
  // The kernel takes the link away before it waits for the holder.
  device.isDetaching = true;
  delete device.driver;
  machine.begun();
  await removeVdpasOf(machine, address);
  await untilReleased(machine, address);
  await machine.take(machine.model(address).sriov?.latencies.unbind ?? 0);
  device.irqs = [];
  delete device.isDetaching;
  if (device.isNoIommu) {
    delete device.iommuGroup;
    delete device.isNoIommu;
  }
  removeLinks(machine, address);
  machine.changed({ kind: 'device', name: address });
}

async function untilReleased(machine: Machine, address: string): Promise<void> {
  while (machine.state.vfioHolders[address] !== undefined) {
    await new Promise<void>((resolve) => {
      machine.releases.set(address, [...(machine.releases.get(address) ?? []), resolve]);
    });
  }
}

/** Takes all VFs of a PF away, one after the other: a look from outside may find some of them gone already. */
export async function removeAllVfs(machine: Machine, pf: Pf): Promise<void> {
  const { state, sriov, address } = pf;
  if (state.vfs.length === 0) return;
  state.vfsToBe = 0;
  machine.begun();
  for (const [vf, { vf: place }] of Object.entries(machine.state.devices)) {
    if (place?.pf !== address) continue;
    state.vfs[place.index] = null;
    await detach(machine, vf);
    delete machine.state.devices[vf];
    machine.begun();
  }
  await machine.take(sriov.latencies.removeVfs);
  removeRepresentors(machine, pf);
  state.vfs = [];
  if (machine.infinibandPort(address)) keepSettings(state);
  state.vfSettings = [];
  delete state.vfsToBe;
  if (pf.model.eSwitch?.keepsMode !== true) state.eSwitchMode = 'legacy';
  if (pf.device.driver === pf.model.pfDriver) resetVectors(machine, pf, 0);
  machine.changed({ kind: 'device', name: address });
}

/** The PF's driver asks for its interrupt vectors again: it shares them with its VFs. */
export function resetVectors(machine: Machine, pf: Pf, which: 0 | 1): void {
  pf.device.irqs = [];
  pf.device.irqs = allocateIrqs(machine.state, pf.model.pfIrqs[which]);
}
