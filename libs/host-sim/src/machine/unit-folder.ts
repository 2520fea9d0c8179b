import { KernelError, type Programs, type UnitFolder } from '@sriov/host';
import { type Machine } from './machine.ts';

type Change = (work: () => void) => Promise<void>;

/** `/etc/systemd/system` of a simulated machine. A file is written completely or not at all. */
export function unitFolderOf({ world, state }: Machine, change: Change): UnitFolder {
  const changing = async (path: string, work: (files: Record<string, string>) => void): Promise<void> => {
    if (world.readOnlyEtc) throw new KernelError({ verb: 'write', path, code: 'EROFS' });
    await change(() => work((state.unitFiles ??= {})));
  };
  return {
    read: (path) => Promise.resolve(state.unitFiles?.[path]),
    list: (folder) => {
      const paths = Object.keys(state.unitFiles ?? {}).filter((path) => path.startsWith(`${folder}/`));
      return Promise.resolve(paths.map((path) => path.slice(folder.length + 1)).sort());
    },
    findRefusal: () => Promise.resolve(world.readOnlyEtc ? 'EROFS' : undefined),
    write: (path, content) =>
      changing(path, (files) => {
        files[path] = content;
      }),
    remove: (path) =>
      changing(path, (files) => {
        Reflect.deleteProperty(files, path);
      }),
  };
}

/** Programs on the disk of a simulated machine, of which nothing but the name is known. */
export function programsOf({ state }: Machine, change: Change): Programs {
  const others = (name: string): string[] => (state.programs ?? []).filter((each) => each !== name);
  return {
    name: () => Promise.resolve('program-simulated'),
    words: (name) => Promise.resolve([`/var/lib/sriov/${name}/node`, `/var/lib/sriov/${name}/main.mjs`]),
    list: () => Promise.resolve([...(state.programs ?? [])]),
    install: (name) =>
      change(() => {
        state.programs = [...others(name), name];
      }),
    remove: (name) =>
      change(() => {
        state.programs = others(name);
      }),
    findRefusal: () => Promise.resolve(undefined),
  };
}
