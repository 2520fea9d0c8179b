import { type Command, failed, printed } from './command.ts';

/**
 * `systemctl`, as far as the drivers use it. `enable` links a unit into the folders that its `[Install]` names, and tells
 * of each link on stderr (install_changes_dump of src/shared/install.c of systemd 252).
 */
export const systemctl: Command = {
  changes: ([verb]) => verb === 'enable',
  run: ({ state, world }, [verb, ...names]) => {
    if (!world.systemd)
      return failed(1, "System has not been booted with systemd as init system (PID 1). Can't operate.");
    if (verb === 'daemon-reload') return printed('');
    if (verb !== 'enable') return failed(1, `Unknown command verb '${verb ?? ''}'.`);
    const files = (state.unitFiles ??= {});
    const missing = names.find((name) => files[name] === undefined);
    if (missing !== undefined) return failed(1, `Failed to enable unit: Unit file ${missing} does not exist.`);
    const links = names.flatMap((name) => {
      const targets = /^WantedBy=(.*)$/m.exec(files[name] ?? '')?.[1]?.split(' ') ?? [];
      return targets.map((target) => [`${target}.wants/${name}`, `/etc/systemd/system/${name}`] as const);
    });
    Object.assign(files, Object.fromEntries(links));
    const told = links.map(([from, to]) => `Created symlink /etc/systemd/system/${from} \u2192 ${to}.\n`);
    return { exitCode: 0, stdout: '', stderr: told.join('') };
  },
};
