import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Parts, resourceOf } from './changes.ts';

/** How long calls took, in ms. */
export interface Calls {
  readonly allocate: readonly number[];
  readonly echo: readonly number[];
}

/** Has the kubelet allocate VFs one after the other, and make as many calls to a bare server with the same requests. */
export async function measureCalls({ host, kubelet }: Parts, count: number): Promise<Calls> {
  const all = host.vfs.flatMap((vfs, pf) => vfs.map((id) => ({ resource: resourceOf(pf), id })));
  const devices = Array.from({ length: count }, (_, index) => all[index % all.length] ?? { resource: '', id: '' });
  const socket = join(host.folder, 'echo.sock');
  const echo = fork(join(import.meta.dirname, 'echo/main.ts'), [socket], { execArgv: ['--import', 'tsx'] });
  try {
    await once(echo, 'message');
    return {
      allocate: await kubelet.ask({ ask: 'allocate', devices }),
      echo: await kubelet.ask({ ask: 'echo', socket, ids: devices.map(({ id }) => id) }),
    };
  } finally {
    echo.kill();
  }
}
