import { vfAddress } from '../pci-address.ts';
import { type VfSettings } from '../state.ts';
import { Errno } from '../tree.ts';
import { probeDriver } from './binding.ts';
import { hasIommu } from './boot.ts';
import { removeAllVfs, resetVectors } from './detach.ts';
import { infinibandSettings } from './infiniband.ts';
import { bounceCarrier } from './interfaces.ts';
import { type Machine, type Pf } from './machine.ts';
import { lowestFree } from './numbers.ts';
import { addRepresentors } from './representors.ts';

const FIRST_VF_GROUP = 9;

/** Most VFs that the PF can have: its driver may keep some for itself. */
export function totalVfs(machine: Machine, pf: Pf): number {
  const told = machine.world.nics.find(({ address }) => address === pf.address)?.totalVfs;
  return told ?? pf.sriov.totalVfs[pf.device.driver === pf.model.pfDriver ? 0 : 1];
}

/**
 * A write to `sriov_numvfs`, with the checks in the kernel's order (drivers/pci/iov.c, sriov_numvfs_store).
 * @throws {Errno} `EINVAL`, `ERANGE`, `ENOENT`, `EBUSY`
 */
export async function writeNumVfs(machine: Machine, address: string, text: string): Promise<void> {
  const numVfs = parseNumber(text);
  if (numVfs === undefined || numVfs > 0xffff) throw new Errno('EINVAL');
  const pf = machine.pf(address);
  if (numVfs > totalVfs(machine, pf)) throw new Errno('ERANGE');
  await machine.lockOf(address).run(async () => {
    const present = pf.state.vfs.length;
    if (numVfs === present) return;
    if (!canMakeVfs(pf)) throw new Errno('ENOENT');
    if (present !== 0 && numVfs !== 0) throw new Errno('EBUSY');
    if (isSilent(machine, pf)) return;
    if (numVfs === 0) return removeAllVfs(machine, pf);
    await createVfs(machine, pf, numVfs);
  });
}

/** As kstrtou16 with base 0 reads: decimal, 0x hexadecimal, 0 octal, one line feed at the end. */
function parseNumber(text: string): number | undefined {
  const match = /^\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?$/i.exec(text);
  const digits = match?.[1];
  if (digits === undefined) return undefined;
  if (/^0x/i.test(digits)) return parseInt(digits, 16);
  return parseInt(digits, digits.startsWith('0') ? 8 : 10);
}

/** vfio-pci makes none unless it is told to (enable_sriov), and without a driver nobody does. */
function canMakeVfs({ device, model }: Pf): boolean {
  return device.driver === model.pfDriver || device.driver === 'pci-pf-stub';
}

/** True when the driver reports success and does nothing. */
function isSilent(machine: Machine, { address, device, model, sriov }: Pf): boolean {
  const isOwnDriver = device.driver === model.pfDriver;
  return isOwnDriver && sriov.needsLinkUp === true && !machine.ownLinksOf(address).some(([, { up }]) => up);
}

/** Makes VFs, or goes on with making them. */
async function createVfs(machine: Machine, pf: Pf, count: number): Promise<void> {
  const { sriov, state, address } = pf;
  state.vfsToBe = count;
  machine.begun();
  if (state.vfs.length === 0) {
    await machine.take(sriov.latencies.createVfs);
    addVfs(machine, pf, count);
    hideLinks(machine, pf);
    addRepresentors(machine, pf);
    if (pf.device.driver === pf.model.pfDriver) resetVectors(machine, pf, 1);
    for (const [, link] of machine.ownLinksOf(address)) bounceCarrier(machine, link, sriov.carrierBounceMs);
    machine.changed({ kind: 'device', name: address });
  }
  // Synchronous: when the write returns, every VF has been probed.
  if (state.autoprobe) for (const vf of state.vfs) if (vf !== null) await probeDriver(machine, vf);
  delete state.vfsToBe;
  machine.begun();
}

function addVfs(machine: Machine, { address, device, model, sriov, state, vfOffset }: Pf, count: number): void {
  const isInfiniband = machine.infinibandPort(address) !== undefined;
  state.vfSettings = Array.from({ length: count }, (_, index) =>
    isInfiniband ? infinibandSettings(freshSettings(), state, index) : freshSettings(),
  );
  for (let index = 0; index < count; index += 1) {
    const vf = vfAddress(address, index, { offset: vfOffset, stride: sriov.stride });
    const groups = Object.values(machine.state.devices).flatMap(({ iommuGroup }) => iommuGroup ?? []);
    machine.state.devices[vf] = {
      model: model.name,
      bridge: device.bridge,
      irqs: [],
      wasBound: false,
      vf: { pf: address, index },
      ...(hasIommu(machine.world, machine.state) && { iommuGroup: lowestFree(groups, FIRST_VF_GROUP) }),
    };
    state.vfs.push(vf);
  }
}

/** Where the world says so, the links of new VFs come later, one after the other. The kernel counts them already. */
function hideLinks(machine: Machine, { address, state }: Pf): void {
  const ms = machine.world.nics.find((nic) => nic.address === address)?.vfLinksAfterMs ?? 0;
  if (ms === 0) return;
  const made = state.vfs;
  const shown: (string | null)[] = made.map(() => null);
  state.vfs = shown;
  const show = (index: number): void => {
    // They may have been removed meanwhile.
    if (state.vfs !== shown) return;
    shown[index] = made[index] ?? null;
    addRepresentors(machine, machine.pf(address));
    machine.changed({ kind: 'device', name: address });
  };
  made.forEach((_, index) => void machine.clock.sleep((ms * (index + 1)) / made.length).then(() => show(index)));
}

/** What a PF prescribes for a VF that it was told nothing for. */
export function freshSettings(): VfSettings {
  return { mac: '', vlan: 0, qos: 0, spoofchk: true, trust: false, linkState: 'auto', maxTxRate: 0 };
}

/** Goes on with the change of the number of VFs that was begun. The caller has the lock of the PF. */
export async function finishVfs(machine: Machine, pf: Pf): Promise<void> {
  const { vfsToBe } = pf.state;
  if (vfsToBe === 0) await removeAllVfs(machine, pf);
  else if (vfsToBe !== undefined) await createVfs(machine, pf, vfsToBe);
}
