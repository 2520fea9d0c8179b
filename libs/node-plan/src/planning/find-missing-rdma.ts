import { type DesiredInterface, parseVfRange, rangeContains, REASON } from '@sriov/api';
import { type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { identityOf, vfsOf } from './pf-rules.ts';
import { type PlanProblem } from './steps.ts';
import { formatVfIds } from '../words/format-vf-ids.ts';
import { pfTitle } from '../words/pf-title.ts';

/** Kernel modules that make the RDMA devices of VFs, by the driver of the VF. */
const RDMA_MODULES: ReadonlyMap<string, string> = new Map([
  ['mlx5_core', 'mlx5_ib'],
  ['iavf', 'irdma'],
  ['bnxt_en', 'bnxt_re'],
  ['qede', 'qedr'],
]);

/**
 * VFs that are to be used for RDMA and have no RDMA device, with the cause: the device plugin gives them to no pod.
 * Those of PFs that are about to change are left out, and so are VFs in use in exclusive mode.
 */
export function findMissingRdma(
  desired: readonly DesiredInterface[],
  { interfaces, rdmaMode }: ObservedHost,
  isAboutToChange: (pciAddress: string) => boolean,
): PlanProblem[] {
  const pfs = new Map(interfaces.map((pf) => [pf.pciAddress, pf]));
  return desired.flatMap((entry) => {
    const pf = pfs.get(entry.pciAddress);
    // Whether the port of a virtual machine has an RDMA device, nobody looks.
    if (pf === undefined || pf.port !== undefined || isAboutToChange(entry.pciAddress)) return [];
    const isInPod = ({ uses = [] }: ObservedVf): boolean => rdmaMode === 'exclusive' && uses.length > 0;
    const without = vfsOf(pf).filter((vf) => isForRdma(entry, vf.id) && vf.hasRdma !== true && !isInPod(vf));
    // A VF without a driver is about to get one, or the step that failed is reported.
    const drivers = new Set(without.flatMap(({ driver }) => driver ?? []));
    return [...drivers].map((driver) => {
      const ids = without.filter((vf) => vf.driver === driver).map(({ id }) => id);
      return problemOf(pf, ids, causeOf(driver, rdmaMode !== undefined));
    });
  });
}

/** The first group that contains a VF decides. */
function isForRdma({ vfGroups = [] }: DesiredInterface, id: number): boolean {
  const group = vfGroups.find(({ vfRange = '' }) => {
    const range = parseVfRange(vfRange);
    return range.ok && rangeContains(range.value, id);
  });
  return group?.isRdma === true;
}

function problemOf(pf: ObservedPf, ids: readonly number[], cause: string): PlanProblem {
  const { pciAddress } = pf;
  const vfs = `VF ${formatVfIds(ids)} ${ids.length === 1 ? 'is' : 'are'} for RDMA (isRdma) and ${ids.length === 1 ? 'has' : 'have'} no RDMA device`;
  return { pciAddress, reason: REASON.rdmaDeviceMissing, message: `${pfTitle(identityOf(pf))}: ${vfs}: ${cause}` };
}

function causeOf(driver: string, hasCore: boolean): string {
  if (driver === 'vfio-pci') return 'vfio-pci is bound, which makes none: use deviceType netdevice';
  const module = RDMA_MODULES.get(driver);
  if (module === undefined)
    return `${driver} is bound, and no kernel module that makes RDMA devices for it is known: remove isRdma from the policy, unless a module of the vendor does`;
  const state = hasCore ? `${driver} is bound, and` : `${driver} is bound, the RDMA core (ib_core) is not loaded, and`;
  return `${state} ${module} has made none: load it (modprobe ${module}), and see "dmesg" if it is loaded`;
}
