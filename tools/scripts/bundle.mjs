// Bundles the app in the current folder into one file: `node bundle.mjs [--executable FILE]`.
// Without a flag it is dist/main.mjs; an executable is FILE with a shebang, for people to put on their PATH.
import { chmod } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({ options: { executable: { type: 'string' } } });

// CommonJS packages in an ES module bundle look for these.
const shims = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { dirname as __pathDirname } from 'node:path';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join(' ');

const outfile = values.executable ?? 'dist/main.mjs';
await build({
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: true,
  // Names of classes and functions stand in logs and in stack traces.
  keepNames: true,
  // A lone executable travels without its map.
  sourcemap: values.executable === undefined ? 'linked' : false,
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: values.executable === undefined ? shims : `#!/usr/bin/env node\n${shims}` },
});
if (values.executable !== undefined) await chmod(outfile, 0o755);
