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

/** Looked into on every call, and a host can have thousands of devices: nothing is made for those not asked for. */
function deviceLinks({ state: { devices } }: Machine): Folder {
  return {
    kind: 'folder',
    names: () => Object.keys(devices),
    get: (address) => {
      const device = devices[address];
      return device && link(`../../../devices/pci0000:00/${device.bridge}/${address}`);
    },
  };
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
  const bridges = new Set(machine.world.nics.map(({ bridge }) => bridge));
  return folder(Object.fromEntries([...bridges].map((bridge) => [bridge, () => below(machine, bridge)])));
}

function below(machine: Machine, bridge: string): Folder {
  const { devices } = machine.state;
  const isHere = (address: string): boolean => devices[address]?.bridge === bridge;
  return {
    kind: 'folder',
    names: () => Object.keys(devices).filter(isHere),
    get: (address) => (isHere(address) ? pciDevice(machine, address) : undefined),
  };
}
