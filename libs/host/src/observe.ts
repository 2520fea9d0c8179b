import { omitUndefined } from '@sriov/api';
import { type ObservationProblem, type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { readDriverOverride } from './drivers/driver-binding.ts';
import { type RdmaConfigScope, readRdmaConfig, readRdmaMode } from './drivers/rdma-mode.ts';
import { countLateVfs } from './drivers/sriov.ts';
import { faultOfHost } from './kernel/host-error.ts';
import { type Kernel, KernelBlockedError } from './kernel/kernel.ts';
import { listNames, PCI_DEVICES } from './kernel/sysfs.ts';
import { type HostTables, readTables } from './observe/host-tables.ts';
import { observeBridges } from './observe/observe-bridges.ts';
import { observeOvsOffload } from './observe/observe-ovs-offload.ts';
import { observePf } from './observe/observe-pf.ts';
import { observeUdev, type UdevScope } from './observe/observe-udev.ts';

/** What a look at a host takes in beside its network devices. */
export interface LookScope {
  /** The bridges of Open vSwitch. */
  readonly bridges?: boolean;
  /** udev, and our files of it. */
  readonly udev?: UdevScope;
  /** What decides which RDMA mode the kernel starts with. */
  readonly rdmaConfig?: RdmaConfigScope;
  /** PFs whose options for hardware offload are looked at, by PCI address: it takes two commands for each. */
  readonly offloading?: ReadonlySet<string>;
  /** Whether Open vSwitch hands traffic rules to NICs. */
  readonly ovsOffload?: boolean;
}

/**
 * Looks at every network device of the host that is not a VF, and at its VFs. A device that cannot be observed, or
 * that vanishes meanwhile, becomes a problem of its own and hides nothing else. What takes longer, {@link lookCloser}
 * looks at.
 */
export async function observeHost(kernel: Kernel, scope: LookScope = {}): Promise<ObservedHost> {
  const [tables, addresses, rdmaMode, rdmaConfig] = await Promise.all([
    readTables(kernel, { isClose: false, offloading: scope.offloading ?? new Set() }),
    listNames(kernel, PCI_DEVICES),
    readRdmaMode(kernel),
    scope.rdmaConfig && readRdmaConfig(kernel, scope.rdmaConfig),
  ]);
  const softwareBridges = scope.bridges === true ? await observeBridges(kernel, tables) : undefined;
  const ovsOffload = scope.ovsOffload === true ? await observeOvsOffload(kernel) : undefined;
  return omitUndefined({
    ...(await observeAll(kernel, addresses, tables)),
    rdmaMode,
    rdmaConfig,
    softwareBridges,
    ovsOffload,
    udev: scope.udev && (await observeUdev(kernel, scope.udev)),
    linkNames: scope.udev && tables.network.names,
  });
}

/**
 * Looks again at some PFs, for all that tells who uses them and their VFs: also asks the kubelet, and searches the open
 * files of all processes if a VF can be open. For what is about to be disturbed; the rest of the host stays as it was
 * seen.
 */
export async function lookCloser(
  kernel: Kernel,
  pciAddresses: readonly string[],
  seen: ObservedHost = { interfaces: [], problems: [] },
): Promise<ObservedHost> {
  const offloading = new Set(seen.interfaces.flatMap(({ pciAddress, offload }) => (offload ? pciAddress : [])));
  const tables = await readTables(kernel, { isClose: true, offloading });
  const { interfaces, problems } = await observeAll(kernel, pciAddresses, tables);
  const isOther = ({ pciAddress }: { readonly pciAddress: string }): boolean => !pciAddresses.includes(pciAddress);
  const { missing, unknown, allocated } = tables.allocations ?? {};
  return {
    ...seen,
    interfaces: [...seen.interfaces.filter(isOther), ...interfaces].sort((a, b) =>
      a.pciAddress < b.pciAddress ? -1 : 1,
    ),
    problems: [...seen.problems.filter(isOther), ...problems],
    ...(missing !== undefined && { blindSpots: [missing] }),
    ...(unknown === undefined && allocated !== undefined && { allocated }),
  };
}

/**
 * Looks at some PFs for VFs that the kernel counts and whose links have not appeared ({@link countLateVfs}): for PFs
 * that are about to be given another number of VFs, or none. The rest stays as it was seen; a PF of which nobody can
 * tell becomes a problem of its own.
 */
export async function lookForLateVfs(
  kernel: Kernel,
  pciAddresses: readonly string[],
  seen: ObservedHost,
): Promise<ObservedHost> {
  const looked = await Promise.all(
    seen.interfaces.map(async (pf): Promise<Looked> => {
      if (pf.sriov === undefined || pf.port !== undefined || !pciAddresses.includes(pf.pciAddress)) return { pf };
      const { pciAddress, sriov } = pf;
      return orProblem(pciAddress, async () => {
        const lateVfs = await countLateVfs(kernel, pciAddress);
        return lateVfs === 0 ? pf : { ...pf, sriov: { ...sriov, lateVfs } };
      });
    }),
  );
  const { interfaces, problems } = joined(looked);
  return { ...seen, interfaces, problems: [...seen.problems, ...problems] };
}

/**
 * Looks which of the VFs of some PFs the kernel binds to one driver alone. It waits for the locks of the VFs, so it is
 * for PFs whose VFs somebody may have left in the middle of a bind. The rest stays as it was seen.
 */
export async function lookForOverrides(
  kernel: Kernel,
  pciAddresses: ReadonlySet<string>,
  seen: ObservedHost,
): Promise<ObservedHost> {
  const look = async (pf: ObservedPf): Promise<ObservedPf> => {
    if (pf.sriov === undefined || !pciAddresses.has(pf.pciAddress)) return pf;
    const vfs = await Promise.all(
      pf.sriov.vfs.map(async (vf) =>
        omitUndefined({ ...vf, driverOverride: await readDriverOverride(kernel, vf.pciAddress) }),
      ),
    );
    return { ...pf, sriov: { ...pf.sriov, vfs } };
  };
  return { ...seen, interfaces: await Promise.all(seen.interfaces.map(look)) };
}

async function observeAll(kernel: Kernel, addresses: readonly string[], tables: HostTables): Promise<ObservedHost> {
  return joined(
    await Promise.all(addresses.map((address) => orProblem(address, () => observePf(kernel, address, tables)))),
  );
}

/** What a look at a device has shown: nothing, where it is none of ours. */
interface Looked {
  readonly pf?: ObservedPf | undefined;
  readonly problem?: ObservationProblem;
}

function joined(looked: readonly Looked[]): Pick<ObservedHost, 'interfaces' | 'problems'> {
  return {
    interfaces: looked.flatMap(({ pf }) => pf ?? []),
    problems: looked.flatMap(({ problem }) => problem ?? []),
  };
}

/** @throws what is no fault of the host */
async function orProblem(pciAddress: string, look: () => Promise<ObservedPf | undefined>): Promise<Looked> {
  try {
    return { pf: await look() };
  } catch (error) {
    const isBlocked = error instanceof KernelBlockedError;
    return { problem: { pciAddress, message: faultOfHost(error), ...(isBlocked && { isBlocked }) } };
  }
}
