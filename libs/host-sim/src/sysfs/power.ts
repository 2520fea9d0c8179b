import { constant, type Entries, type File, folder, type Folder, settable, unreadable } from '../tree.ts';

/** Runtime power management of a device; times in milliseconds. */
interface Runtime {
  readonly async: 'enabled' | 'disabled';
  readonly control: 'on' | 'auto';
  readonly enabled: 'forbidden' | 'enabled' | 'disabled';
  readonly status: 'active' | 'suspended' | 'unsupported';
  readonly usage: number;
}

function runtimeEntries({ async, control, enabled, status, usage }: Runtime): Record<string, File> {
  return {
    async: settable(`${async}\n`),
    autosuspend_delay_ms: unreadable('EIO', 0o644),
    control: settable(`${control}\n`),
    runtime_active_kids: constant('0\n'),
    runtime_active_time: constant('0\n'),
    runtime_enabled: constant(`${enabled}\n`),
    runtime_status: constant(`${status}\n`),
    runtime_suspended_time: constant('0\n'),
    runtime_usage: constant(`${usage}\n`),
  };
}

/** `power` of something without power management of its own, such as an interface. */
export function idlePower(): Folder {
  return folder(
    runtimeEntries({ async: 'disabled', control: 'auto', enabled: 'disabled', status: 'unsupported', usage: 0 }),
  );
}

/** `power` of a PF, which can wake the machine. */
export function pfPower(): Folder {
  const counts = [
    'abort_count',
    'active',
    'active_count',
    'count',
    'expire_count',
    'last_time_ms',
    'max_time_ms',
    'total_time_ms',
  ];
  return folder({
    ...runtimeEntries({ async: 'enabled', control: 'on', enabled: 'forbidden', status: 'active', usage: 1 }),
    wakeup: settable('enabled\n'),
    ...Object.fromEntries(counts.map((name) => [`wakeup_${name}`, constant('0\n')])),
  });
}

/** `power` of a VF: vfio-pci lets it sleep until someone opens it. */
export function vfPower(driver: string | undefined): Folder {
  return folder(
    driver === 'vfio-pci'
      ? runtimeEntries({ async: 'enabled', control: 'auto', enabled: 'enabled', status: 'suspended', usage: 0 })
      : runtimeEntries({
          async: 'enabled',
          control: 'on',
          enabled: 'forbidden',
          status: 'active',
          usage: driver === undefined ? 1 : 2,
        }),
  );
}

/** Statistics of a wakeup source. */
export function wakeupSource(address: string): Entries {
  const counts = ['active_count', 'active_time_ms', 'event_count', 'expire_count', 'last_change_ms', 'max_time_ms'];
  return {
    ...Object.fromEntries(counts.map((name) => [name, constant('0\n')])),
    device: { kind: 'link', target: `../../../${address}` },
    name: constant(`${address}\n`),
    prevent_suspend_time_ms: constant('0\n'),
    subsystem: { kind: 'link', target: '../../../../../../class/wakeup' },
    total_time_ms: constant('0\n'),
    uevent: settable(''),
    wakeup_count: constant('0\n'),
  };
}
