import { type Machine } from '../machine/machine.ts';

/** Index of the physical port of a device of mlx5_core (MLX5_VPORT_UPLINK, include/linux/mlx5/vport.h). */
const UPLINK_PORT = 0xffff;

/**
 * What `devlink -j port show` prints of the devices: the uplink of each PF, and a port for each VF that is represented
 * (net/devlink/port.c, devlink_nl_port_attrs_put).
 */
export function devlinkPorts(machine: Machine, registered: readonly string[]): Record<string, object> {
  const pfs = registered.filter((address) => machine.device(address).pf && !machine.infinibandPort(address));
  return Object.fromEntries(pfs.flatMap((address) => portsOf(machine, address)));
}

function portsOf(machine: Machine, address: string): [string, object][] {
  const pfnum = Number(address.split('.')[1]);
  return machine.hostLinksOf(address).map(([netdev, { representedVf }]) =>
    representedVf === undefined
      ? [`pci/${address}/${UPLINK_PORT}`, { type: 'eth', netdev, flavour: 'physical', port: pfnum, splittable: false }]
      : [
          `pci/${address}/${representedVf + 1}`,
          {
            type: 'eth',
            netdev,
            flavour: 'pcivf',
            controller: 0,
            pfnum,
            vfnum: representedVf,
            external: false,
            splittable: false,
          },
        ],
  );
}
