import { syncSocketPath } from '@sriov/plugin-handover';
import { type Machine } from '../machine/machine.ts';
import { constant, type Entries, folder, type Folder, type Node } from '../tree.ts';

const SOCKET: Node = { kind: 'file', mode: 0o755 };

/** The folder in which config daemon and device plugin meet; nothing as long as neither has made it. */
export function handoverFolder({ state }: Machine): Folder | undefined {
  const { running = [], killed = [] } = state.plugin ?? {};
  const sockets = [...running, ...killed].map(
    (instance) => [syncSocketPath(instance).split('/').at(-1) ?? '', SOCKET] as const,
  );
  const files = Object.entries(state.runFiles ?? {}).map(([name, text]) => [name, constant(text, 0o600)] as const);
  const entries: Entries = Object.fromEntries([...sockets, ...files]);
  return Object.keys(entries).length === 0 ? undefined : folder(entries);
}
