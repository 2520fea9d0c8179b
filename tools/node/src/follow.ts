import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { type Access } from '@sriov/control-plane';
import { z } from 'zod';

const eventSchema = z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: z.unknown() });

/** Ends what {@link follow} began. */
export type Unfollow = () => void;

/**
 * Hears of all objects of a kind, and of each change from then on, in the order in which they happened. Resolves once
 * the API server has answered. A watch that ends before it is unfollowed goes to `onEnd`: what came after is missing.
 * @param path of the list, with a query if need be
 */
export function follow(
  access: Access,
  path: string,
  { onObject, onEnd }: { readonly onObject: (object: unknown) => void; readonly onEnd: (why: string) => void },
): Promise<Unfollow> {
  const url = new URL(path, access.server);
  url.searchParams.set('watch', 'true');
  const { certificate: cert, privateKey: key } = access.admin;
  return new Promise((resolve, reject) => {
    let isWanted = true;
    const outgoing = request(url, { ca: access.ca, cert, key, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`watch of ${path}: HTTP ${response.statusCode}`));
        return;
      }
      const lines = createInterface({ input: response });
      lines.on('line', (line) => onObject(eventSchema.parse(JSON.parse(line)).object));
      lines.once('close', () => isWanted && onEnd(`the watch of ${path} has ended`));
      // The connection ends with an error when we, or the API server, cut it; its end is told above.
      lines.on('error', () => undefined);
      resolve(() => {
        isWanted = false;
        outgoing.destroy();
      });
    });
    outgoing.once('error', (error) => {
      // Without effect once the watch has begun.
      reject(error);
      if (isWanted) onEnd(error.message);
    });
    outgoing.end();
  });
}
