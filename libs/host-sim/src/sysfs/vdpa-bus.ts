import { type Machine } from '../machine/machine.ts';
import { bindVdpa, hasVdpaBus, probeVdpa, unbindVdpa, vdpaDrivers, vhostOf, virtioOf } from '../machine/vdpa.ts';
import { type VdpaState } from '../state.ts';
import { constant, type Entries, type File, folder, type Folder, link, settable } from '../tree.ts';
import { netDevice } from './net-device.ts';

const writeOnly = (write: NonNullable<File['write']>): File => ({ kind: 'file', mode: 0o200, write });

/** `/sys/bus/vdpa`, as drivers/base/bus.c makes it; nothing while the module vdpa is not loaded. */
export function vdpaBus(machine: Machine): Folder | undefined {
  if (!hasVdpaBus(machine)) return undefined;
  return folder({
    devices: () => folder(links(machine, () => true, '../../..')),
    drivers: () => folder(Object.fromEntries(vdpaDrivers(machine).map((name) => [name, () => driver(machine, name)]))),
    drivers_autoprobe: constant('1\n', 0o644),
    drivers_probe: writeOnly((text) => probeVdpa(machine, text.trim())),
  });
}

function driver(machine: Machine, name: string): Folder {
  return folder({
    bind: writeOnly((text) => bindVdpa(machine, name, text.trim())),
    unbind: writeOnly((text) => unbindVdpa(machine, name, text.trim())),
    ...links(machine, (device) => device.driver === name, '../../../..'),
  });
}

function links({ state }: Machine, isHere: (device: VdpaState) => boolean, up: string): Entries {
  const all = Object.entries(state.vdpa ?? {}).filter(([, device]) => isHere(device));
  return Object.fromEntries(
    all.map(([name, { parent }]) => {
      const bridge = state.devices[parent]?.bridge;
      return [name, link(`${up}/devices/pci0000:00/${bridge}/${parent}/${name}`)] as const;
    }),
  );
}

/** Folders of the vDPA devices that were made of a device, below that. */
export function vdpaEntries(machine: Machine, address: string): Entries {
  const own = Object.entries(machine.state.vdpa ?? {}).filter(([, { parent }]) => parent === address);
  return Object.fromEntries(own.map(([name, device]) => [name, () => vdpaDevice(machine, name, device)]));
}

/** As seen with vdpa_sim on Linux 6.12: `driver`, `driver_override`, `vhost-vdpa-0`. */
function vdpaDevice(machine: Machine, name: string, device: VdpaState): Folder {
  const vhost = vhostOf(machine, name);
  const virtio = virtioOf(machine, name);
  return folder({
    driver: device.driver === undefined ? undefined : link(`../../../../../bus/vdpa/drivers/${device.driver}`),
    driver_override: {
      kind: 'file',
      mode: 0o644,
      read: () => `${device.override ?? '(null)'}\n`,
      write: (text) => {
        const wanted = text.replace(/\n$/, '');
        if (wanted === '') delete device.override;
        else device.override = wanted;
        machine.changed({ kind: 'device', name });
      },
    },
    subsystem: link('../../../../../bus/vdpa'),
    uevent: settable(device.driver === undefined ? '' : `DRIVER=${device.driver}\n`),
    ...(vhost !== undefined && { [vhost]: folder({ uevent: settable(`DEVNAME=${vhost}\n`) }) }),
    ...(virtio !== undefined && { [virtio]: () => folder({ net: () => netFolder(machine, name) }) }),
  });
}

/** The folder stands, empty, while the interface is in another network namespace. */
function netFolder(machine: Machine, name: string): Folder {
  const own = machine.hostLinks().filter(([, { onVdpa }]) => onVdpa === name);
  return folder(Object.fromEntries(own.map(([each, state]) => [each, () => netDevice(machine, each, state)])));
}

/** `/dev/vhost-vdpa-N`, for root alone unless udev says otherwise. */
export function vdpaNodes(machine: Machine): Entries {
  const names = Object.keys(machine.state.vdpa ?? {}).flatMap((name) => vhostOf(machine, name) ?? []);
  return Object.fromEntries(names.map((name) => [name, { kind: 'file', mode: 0o600 } as const]));
}
