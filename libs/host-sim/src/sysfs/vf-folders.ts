import { NO_GUID } from '@sriov/api';
import { type Machine } from '../machine/machine.ts';
import { type VfSettings } from '../state.ts';
import { Errno, type File, folder, type Folder } from '../tree.ts';

/**
 * `sriov/N` of a PF in InfiniBand mode, as the driver of NVIDIA and that of Oracle's kernel have it
 * (drivers/net/ethernet/mellanox/mlx5/core/sriov_sysfs.c: node_show, node_store and their kin). A GUID that is set here
 * takes effect as one that is set by `ip` does, and is not told by `ip`.
 */
export function vfFolders(machine: Machine, address: string): Folder | undefined {
  if (machine.infinibandPort(address)?.hasVfFolders !== true) return undefined;
  const { vfSettings } = machine.pf(address).state;
  const entries = vfSettings.map((settings, index) => [`${index}`, vfFolder(machine, settings)] as const);
  return folder(Object.fromEntries(entries));
}

function vfFolder(machine: Machine, settings: VfSettings): Folder {
  const attribute = (read: () => string, set: (text: string) => void): File => ({
    kind: 'file',
    mode: 0o644,
    read: () => `${read()}\n`,
    write: (text) => {
      set(text.trim());
      machine.changed({ kind: 'link' });
    },
  });
  const guid = (name: 'nodeGuid' | 'portGuid'): File =>
    attribute(
      () => settings[name] ?? NO_GUID,
      (text) => {
        if (!/^([0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text)) throw new Errno('EINVAL');
        settings[name] = text.toLowerCase();
        settings.isSetByFile = true;
      },
    );
  const policy = attribute(
    () => POLICIES[settings.linkState],
    (text) => {
      const [state] = LINK_STATES.filter((each) => POLICIES[each] === text);
      if (state === undefined) throw new Errno('EINVAL');
      settings.linkState = state;
    },
  );
  return folder({ node: guid('nodeGuid'), port: guid('portGuid'), policy });
}

const POLICIES = { auto: 'Follow', enable: 'Up', disable: 'Down' } as const;
const LINK_STATES = ['auto', 'enable', 'disable'] as const;
