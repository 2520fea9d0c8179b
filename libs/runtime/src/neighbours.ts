import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '@sriov/errors';

/** Other processes of the host whose metrics this one passes on: paths here, and their ports at 127.0.0.1. */
export type Neighbours = ReadonlyMap<string, number>;

/** A collector waits for 10 s unless it is told otherwise. */
const PATIENCE_MS = 5_000;

/**
 * Answers with the metrics of a neighbour, as that serves them. Where nobody listens there are none, which is no
 * failure: not every node has each neighbour. One that does not answer, or with an error, is 502.
 * @param patienceMs how long the neighbour has for its whole answer
 */
export async function passOnMetrics(port: number, response: ServerResponse, patienceMs = PATIENCE_MS): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const answer = await ask(port, signal);
    if (answer.statusCode !== 200) {
      answer.destroy();
      throw new Error(`it answers ${answer.statusCode}`);
    }
    response.writeHead(200, { 'content-type': answer.headers['content-type'] ?? PLAIN });
    await pipeline(answer, response, { end: false });
    // Where only the end of the connection ends an answer, one that we cut off looks complete.
    signal.throwIfAborted();
    response.end();
  } catch (error) {
    if (response.headersSent) {
      // The rest is missing. An answer that breaks off is none to the collector.
      response.destroy();
      return;
    }
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
    response.writeHead(isAbsent ? 200 : 502, { 'content-type': PLAIN });
    const problem = signal.aborted ? `no answer within ${patienceMs} ms` : messageOf(error);
    response.end(isAbsent ? `# nobody listens at ${HOST}:${port}\n` : `${HOST}:${port}: ${problem}\n`);
  }
}

const HOST = '127.0.0.1';
const PLAIN = 'text/plain; charset=utf-8';

function ask(port: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: HOST, port, path: '/metrics', agent: false, signal }, resolve)
      .on('error', reject)
      // A request can also end without an error, such as when another program at this port changes the protocol.
      .on('close', () => reject(new Error('closed the connection without an answer')));
  });
}
