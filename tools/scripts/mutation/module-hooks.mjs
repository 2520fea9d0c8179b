// Module hooks of a mutation run. Stryker's copy of the repository is the current folder: packages of the workspace
// resolve into it, so that specs meet the mutated sources wherever they import them from. A query in the URL of a spec
// (`?generation=2`) goes on to all sources that it imports: a new generation loads them again. Other packages resolve
// from the repository itself, because the copy lacks the packages that a project has for itself.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from '@swc/core';
import { workspacePackages } from './workspace.mjs';

const require = createRequire(join(process.cwd(), 'package.json'));
const [, swcOptions] = require('./jest.preset.cjs').transform['^.+\\.ts$'];
const root = pathToFileURL(`${process.cwd()}/`).href;
const repository = new URL('../../../', import.meta.url).href;
const isPackage = (specifier) => !/^(\.|\/|[a-z]+:)/.test(specifier);
const urls = new Map([
  ['@jest/globals', new URL('jest-globals.mjs', import.meta.url).href],
  ['fast-check', new URL('fast-check.mjs', import.meta.url).href],
  ...workspacePackages(process.cwd()).flatMap(({ name, folder, exports }) =>
    Object.entries(exports).map(([path, file]) => [join(name, path), pathToFileURL(join(folder, file)).href]),
  ),
]);
const codes = new Map();

export async function resolve(specifier, context, next) {
  if (specifier === 'fast-check-itself') return next('fast-check', context);
  const from = isPackage(specifier) ? { ...context, parentURL: context.parentURL?.replace(root, repository) } : context;
  const url = urls.get(specifier) ?? (await next(specifier, from)).url;
  if (!url.startsWith(root) || !url.endsWith('.ts')) return { url, shortCircuit: true };
  return { url: url + new URL(context.parentURL ?? root).search, shortCircuit: true };
}

export async function load(url, context, next) {
  if (!/^file:[^?]*\.ts(\?|$)/.test(url)) return next(url, context);
  const filename = fileURLToPath(url);
  if (!codes.has(filename)) {
    codes.set(filename, await transform(await readFile(filename, 'utf8'), { ...swcOptions, filename }));
  }
  return { format: 'module', source: (await codes.get(filename)).code, shortCircuit: true };
}
