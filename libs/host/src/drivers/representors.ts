import { isFaultOfHost } from '../kernel/host-error.ts';
import { type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { type DevlinkPort, listDevlinkPorts, representorsOf } from './devlink.ts';
import { type Link } from './links.ts';

/**
 * The ports of all devlink devices; none where they cannot be listed: the names of the ports tell the representors as
 * well.
 */
export async function readPorts(kernel: Kernel): Promise<readonly DevlinkPort[]> {
  try {
    return await listDevlinkPorts(kernel);
  } catch (error) {
    if (error instanceof KernelBlockedError || !isFaultOfHost(error)) throw error;
    return [];
  }
}

/** How drivers name the port of a VF of this host, as devlink makes it up (devlink_port_phys_port_name_get). */
const VF_PORT = /^pf\d+vf(\d+)$/;
/** The same for SFs and PFs as well, and for those of the other hosts of a DPU. */
const FUNCTION_PORT = /^(c\d+)?pf\d+((vf|sf)\d+)?$/;

/** Whether an interface stands for another function, and is not the PF's own. */
export function isRepresentor({ portName = '' }: Pick<Link, 'portName'>): boolean {
  return FUNCTION_PORT.test(portName);
}

/**
 * The interfaces that represent the VFs of a PF, by VF id: as devlink tells them, and where it does not, by the names of
 * the ports among the interfaces of the PF.
 */
export function findRepresentors(
  pciAddress: string,
  links: readonly Link[],
  ports: readonly DevlinkPort[],
): ReadonlyMap<number, string> {
  const named = links.flatMap(({ name, portName = '' }) => {
    const id = VF_PORT.exec(portName)?.[1];
    return id === undefined ? [] : [[Number(id), name] as const];
  });
  return new Map([...named, ...representorsOf(ports, `pci/${pciAddress}`)]);
}
