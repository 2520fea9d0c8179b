import { type Command, failed, printed } from './command.ts';

/**
 * `unshare --mount sh -c SCRIPT sh DEVICE FILE`, where SCRIPT mounts the device on /mnt and prints the file: the only use
 * that the daemon has for it. Errors as util-linux and coreutils word them.
 */
export const unshare: Command = {
  changes: () => false,
  run({ world: { configDrive } }, args) {
    const [device = '', path = ''] = args.slice(-2);
    if (configDrive === undefined || device !== `/dev/${configDrive.name}`) {
      return failed(32, `mount: /mnt: special device ${device} does not exist.`);
    }
    const text = configDrive.files[path];
    if (text === undefined) return failed(1, `head: cannot open '/mnt/${path}' for reading: No such file or directory`);
    return printed(text);
  },
};
