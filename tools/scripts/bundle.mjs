// Bundles the app in the current folder into one file: `node bundle.mjs [--executable FILE | --image FOLDER]`.
// Without a flag it is dist/main.mjs, and dist/main-simulated.mjs where there is such an entry; an executable is FILE
// with a shebang, for people to put on their PATH. An image gets FOLDER/main.mjs, and FOLDER.json tells of which files
// it has code. What is not named simulated must have no simulator in it.
import { existsSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({ options: { executable: { type: 'string' }, image: { type: 'string' } } });

// CommonJS packages in an ES module bundle look for these.
const shims = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { dirname as __pathDirname } from 'node:path';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join(' ');

/**
 * Its only entry exports the models of all kinds of Kubernetes, and its manifest does not say that modules without a
 * user can be left out. `libs/kube` needs the kubeconfig alone. Without the rest the webhook takes 150 MB instead of 163.
 */
const KUBERNETES_CLIENT = /@kubernetes[/\\]client-node/;
const dropUnusedModels = {
  name: 'drop-unused-models',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === dropUnusedModels || !KUBERNETES_CLIENT.test(`${from.importer} ${path}`)) return undefined;
      const { kind, importer, resolveDir } = from;
      const resolved = await resolve(path, { kind, importer, resolveDir, pluginData: dropUnusedModels });
      return { ...resolved, sideEffects: false };
    });
  },
};

/**
 * Imported by name, zod is one object, with its words for validation errors in fifty languages and all else that nobody
 * uses: 370 kB of code, and 5 MB in each process. Imported as a namespace, it is what of it is used.
 */
const dropUnusedSchemas = {
  name: 'drop-unused-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace("import { z } from 'zod'", "import * as z from 'zod'"),
      loader: 'ts',
    }));
  },
};

/**
 * An import statement makes Node.js read every export of a module of its own. One of `node:http` is the WebSocket of
 * undici, and reading it loads all of that: 3 to 6 MB in each process, for an HTTP client that no service uses.
 */
const readUsedExports = {
  name: 'read-used-exports',
  setup({ onLoad, onResolve }) {
    const namespace = 'builtin';
    onResolve({ filter: /./ }, ({ path, kind }) =>
      kind !== 'require-call' && isBuiltin(path) ? { path, namespace } : undefined,
    );
    onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** A package of the Kubernetes client asks for the punycode of Node.js, which warns of its end at each start. */
const usePunycodePackage = {
  name: 'use-punycode-package',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^punycode$/ }, ({ kind, resolveDir }) => resolve('punycode/', { kind, resolveDir }));
  },
};

async function bundle(entry, outfile) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    // Services run on the Node.js of their image, executables on that of whoever calls them (docs/kubectl-sriov.md).
    target: values.executable === undefined ? 'node24' : 'node22.12',
    format: 'esm',
    minify: true,
    // Names of classes and functions stand in logs and in stack traces.
    keepNames: true,
    // A lone executable travels without its map, and so does an image.
    sourcemap: values.executable === undefined && values.image === undefined ? 'linked' : false,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    plugins: [usePunycodePackage, dropUnusedModels, dropUnusedSchemas, readUsedExports],
    banner: { js: values.executable === undefined ? shims : `#!/usr/bin/env node\n${shims}` },
  });
  const strangers = Object.keys(metafile.inputs).filter((path) => /libs\/(host-sim|testing)\//.test(path));
  if (strangers.length > 0 && entry !== SIMULATED) {
    await rm(outfile);
    throw new Error(`${entry} must not ship ${strangers.join(', ')}: import it in ${SIMULATED} alone`);
  }
  return metafile;
}

const SIMULATED = 'src/main-simulated.ts';
const isPlain = values.executable === undefined && values.image === undefined;
const main = values.image === undefined ? 'dist/main.mjs' : `${values.image}/main.mjs`;
const made = await bundle('src/main.ts', values.executable ?? main);
if (values.image !== undefined) {
  const used = Object.values(made.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const paths = used.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  await writeFile(`${values.image}.json`, JSON.stringify(paths));
}
if (isPlain && existsSync(SIMULATED)) await bundle(SIMULATED, 'dist/main-simulated.mjs');
if (values.executable !== undefined) await chmod(values.executable, 0o755);
