import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, stage } from '@sriov/control-plane';
import { type Architecture, NODE } from '../recipe.ts';

/** Where the Node.js of an architecture is. */
export interface NodeBinary {
  readonly program: string;
  readonly license: string;
}

/** Gets the Node.js of the images from npm. @throws Error when it is not the one of the recipe */
export async function getNode(cache: string, architecture: Architecture): Promise<NodeBinary> {
  const { package: name, integrity } = NODE[architecture];
  const folder = await stage(cache, `${name}-${NODE.version}`, async (into) => {
    const packed = await runCommand('npm', ['pack', '--silent', `${name}@${NODE.version}`], { cwd: into });
    const archive = join(into, packed.trim());
    const found = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (found !== integrity) throw new Error(`${name} ${NODE.version} is ${found}, and should be ${integrity}`);
    await runCommand('tar', ['-xzf', archive, '-C', into, 'package/bin/node', 'package/LICENSE']);
    await rm(archive);
  });
  return { program: join(folder, 'package/bin/node'), license: join(folder, 'package/LICENSE') };
}
