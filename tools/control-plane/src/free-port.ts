import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Above what a developer's machine serves by habit, below NodePorts (30000) and below the ports that outgoing
 * connections take (32768 on Linux, 49152 on macOS): while the API server is away for a test, no connection may take
 * its port, least of all a client's own attempt to reach it, which would then talk to itself.
 */
const FIRST = 20_000;
const END = 30_000;
const ATTEMPTS = 100;

/** A TCP port of the loopback interface that nobody uses now. Someone may take it before we do: be ready for that. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port between ${FIRST} and ${END} in ${ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
