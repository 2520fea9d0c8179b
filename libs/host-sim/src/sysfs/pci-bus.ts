import { addNewId, bind, loadedDrivers, probeDriver, removeNewId, unbind } from '../machine/binding.ts';
import { rescanBus } from '../machine/hotplug.ts';
import { type Machine } from '../machine/machine.ts';
import { type File, folder, type Folder, link } from '../tree.ts';
import { pciDevice } from './pci-device.ts';

const writeOnly = (write: NonNullable<File['write']>, mode = 0o200): File => ({ kind: 'file', mode, write });

/** `/sys/bus/pci`. */
export function pciBus(machine: Machine): Folder {
  return folder({
    devices: () => deviceLinks(machine),
    drivers: () => drivers(machine),
    drivers_probe: writeOnly((text) => probeDriver(machine, text.trim())),
    rescan: writeOnly(() => rescanBus(machine)),
  });
}

function deviceLinks(machine: Machine): Folder {
  const entries = Object.entries(machine.state.devices).map(
    ([address, { bridge }]) => [address, link(`../../../devices/pci0000:00/${bridge}/${address}`)] as const,
  );
  return folder(Object.fromEntries(entries));
}

function drivers(machine: Machine): Folder {
  return folder(Object.fromEntries(loadedDrivers(machine).map((name) => [name, () => driver(machine, name)])));
}

function driver(machine: Machine, name: string): Folder {
  const bound = Object.entries(machine.state.devices).filter(([, device]) => device.driver === name);
  return folder({
    bind: writeOnly((text) => bind(machine, name, text.trim())),
    unbind: writeOnly((text) => unbind(machine, name, text.trim())),
    new_id: writeOnly((text) => addNewId(machine, name, text)),
    remove_id: writeOnly((text) => removeNewId(machine, name, text)),
    ...Object.fromEntries(
      bound.map(([address, { bridge }]) => [address, link(`../../../../devices/pci0000:00/${bridge}/${address}`)]),
    ),
  });
}

/** `/sys/devices/pci0000:00`: bridges, and the devices below them. */
export function pciHost(machine: Machine): Folder {
  const bridges = new Set(Object.values(machine.state.devices).map(({ bridge }) => bridge));
  return folder(Object.fromEntries([...bridges].map((bridge) => [bridge, () => below(machine, bridge)])));
}

function below(machine: Machine, bridge: string): Folder {
  const addresses = Object.keys(machine.state.devices).filter((each) => machine.state.devices[each]?.bridge === bridge);
  return folder(Object.fromEntries(addresses.map((address) => [address, () => pciDevice(machine, address)])));
}
