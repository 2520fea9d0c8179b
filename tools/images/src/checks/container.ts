import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';
import { type BuiltImage } from '../oci/layout.ts';

/** What a container may see of this machine. */
interface ContainerOptions {
  readonly args?: readonly string[];
  /** Beside the variables of the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs this instead of the entrypoint of the image. */
  readonly entrypoint?: readonly string[];
  /** Shows the devices of this machine, read-only. */
  readonly sys?: boolean;
}

/** A command of this machine. */
export interface Words {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Makes the mounts in a namespace of its own, which goes with the process. The root file system is read-only but for
 * /tmp, as in the chart. $1 is the root, $2 its /tmp, $3 whether /sys is there; the command follows.
 */
const ENTER = `set -e
mount --bind "$1" "$1"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
if [ "$3" = true ]; then mount -t sysfs -o ro sysfs "$1/sys"; fi
mount --bind "$2" "$1/tmp"
mount -o remount,bind,ro "$1"
shift 3
exec env -i "$@"`;

/**
 * An unpacked image that runs as a container engine would run it, as its user and with its variables. Only the network
 * and the processes are those of this machine.
 */
export class Container {
  /** Its root file system. */
  readonly root: string;
  /** What is /tmp in it. */
  readonly tmp: string;
  readonly #image: BuiltImage;

  private constructor(folder: string, image: BuiltImage) {
    this.root = join(folder, 'root');
    this.tmp = join(folder, 'tmp');
    this.#image = image;
  }

  /** Unpacks an image. @param into folder that gets one for it */
  static async unpack(image: BuiltImage, into: string): Promise<Container> {
    const container = new Container(await mkdtemp(join(into, 'container-')), image);
    await mkdir(container.root);
    await mkdir(container.tmp);
    await runCommand('chmod', ['1777', container.tmp]);
    for (const { digest } of image.layers) {
      const layer = join(image.layout, 'blobs', digest.replace(':', '/'));
      await runCommand('tar', ['--extract', '--gzip', '--file', layer, '--directory', container.root]);
    }
    return container;
  }

  /** The command that runs it. */
  words({ args = [], env = {}, entrypoint = this.#image.entrypoint, sys = false }: ContainerOptions): Words {
    const variables = [...this.#image.env, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
    const enter = ['/usr/sbin/chroot', `--userspec=${this.#image.user}`, this.root, ...entrypoint, ...args];
    const where = [this.root, this.tmp, String(sys)];
    return {
      command: 'unshare',
      args: ['--mount', '--', 'sh', '-c', ENTER, 'enter', ...where, ...variables, ...enter],
    };
  }

  /** Runs it to its end. @returns what it printed @throws Error with what it complained about */
  run(options: ContainerOptions, onErrorLine: (line: string) => void = () => undefined): Promise<string> {
    const { command, args } = this.words(options);
    return runCommand(command, args, { onErrorLine });
  }
}
