import { createHash } from 'node:crypto';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, stage, withProgress } from '@sriov/control-plane';

const SOURCE = join(import.meta.dirname, '../../go/preload');

/** Path of the program that fills the data folder of a containerd. It is built when its source has changed. */
export async function getPreload(cache: string, onProgress: (line: string) => void): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(SOURCE)).sort()) hash.update(await readFile(join(SOURCE, name)));
  const folder = await stage(cache, `preload-${hash.digest('hex').slice(0, 12)}`, async (into) => {
    onProgress('building the program that unpacks images, with Go');
    // Go wants to write beside go.mod, and the checkout must stay as it is.
    const source = join(into, 'source');
    await cp(SOURCE, source, { recursive: true });
    const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' };
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(into, 'preload'), '.'];
    const tell = (seconds: number): void => onProgress(`building it, for ${seconds} s`);
    await withProgress(tell, () => runCommand('go', args, { cwd: source, env }));
  });
  return join(folder, 'preload');
}
