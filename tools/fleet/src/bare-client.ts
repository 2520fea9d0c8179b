import { Agent, request } from 'node:https';
import { type Access } from '@sriov/control-plane';
import { bounded } from './bounded.ts';

/** A JSON merge patch. */
export interface BarePatch {
  readonly path: string;
  readonly patch: object;
}

/**
 * Writes patches with nothing but Node's HTTPS client over `connections` connections: what a machine and its API
 * server are able to do. Answers are read and thrown away.
 */
export async function writeBare(access: Access, patches: readonly BarePatch[], connections: number): Promise<void> {
  const { ca, admin, server } = access;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    ca,
    cert: admin.certificate,
    key: admin.privateKey,
  });
  const write = ({ path, patch }: BarePatch): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      const outgoing = request(new URL(path, server), { method: 'PATCH', agent, headers }, (response) => {
        response.resume().on('end', () => {
          if ((response.statusCode ?? 0) < 400) resolve();
          else reject(new Error(`PATCH ${path}: ${response.statusCode}`));
        });
      });
      outgoing.on('error', reject).end(JSON.stringify(patch));
    });
  await bounded(patches, connections, write);
  agent.destroy();
}
