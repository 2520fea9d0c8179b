import { KernelError, type UdevFolder } from '@sriov/host';
import { type Machine } from '../machine/machine.ts';
import { type UdevState } from '../state.ts';

/** `/etc/udev` of a simulated machine. A file is written completely or not at all. */
export class SimulatedUdevFolder implements UdevFolder {
  readonly #machine: Machine;
  readonly #change: (work: () => void) => Promise<void>;

  constructor(machine: Machine, change: (work: () => void) => Promise<void>) {
    this.#machine = machine;
    this.#change = change;
  }

  read(path: string): Promise<string | undefined> {
    return Promise.resolve(this.#files[path]?.content);
  }

  list(folder: string): Promise<string[]> {
    const prefix = folder === '' ? '' : `${folder}/`;
    const below = Object.keys(this.#files).filter((path) => path.startsWith(prefix));
    const names = below.map((path) => path.slice(prefix.length).split('/')[0] ?? '');
    return Promise.resolve([...new Set(names)].sort());
  }

  isExecutable(path: string): Promise<boolean> {
    const file = this.#files[path];
    if (file === undefined) return Promise.reject(new KernelError({ verb: 'stat', path, code: 'ENOENT' }));
    return Promise.resolve((file.mode & 0o100) !== 0);
  }

  findRefusal(): Promise<string | undefined> {
    return Promise.resolve(this.#machine.world.readOnlyEtc ? 'EROFS' : undefined);
  }

  write(path: string, content: string, mode: number): Promise<void> {
    return this.#writing(path, ({ files }) => {
      files[path] = { content, mode };
    });
  }

  remove(path: string): Promise<void> {
    return this.#writing(path, ({ files }) => {
      delete files[path];
    });
  }

  #writing(path: string, work: (udev: UdevState) => void): Promise<void> {
    const { state, world } = this.#machine;
    if (world.readOnlyEtc) return Promise.reject(new KernelError({ verb: 'write', path, code: 'EROFS' }));
    return this.#change(() => work((state.udev ??= { isRunning: false, files: {}, rules: {}, lookedAt: 0 })));
  }

  get #files(): UdevState['files'] {
    return this.#machine.state.udev?.files ?? {};
  }
}
