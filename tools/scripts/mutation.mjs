// npm run test:mutation -- LIBRARY [-- FILE...]: makes one small change after another in the sources of one project
// and lists the changes that no spec notices. FILE is the end of a source file's path, with a range of lines if wanted:
// `npm run test:mutation -- node-plan -- plan-pf.ts plan-vf.ts:20-40`. The reports are in the project's test-results.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { workspacePackages } from './mutation/workspace.mjs';
import { ROOT } from './run.mjs';

/** Marks of a spec that is left out: with an API server, a process or a bundle in each run, a mutant takes seconds. */
const SLOW = [
  /\b(testControlPlane|tryRequest|request|createNamespace|applyManifests|installCrds|ServiceProcess)\b[^;]*'@sriov\/testing'/,
  /'@sriov\/control-plane'/,
  /'(node:)?child_process'/,
  /'esbuild'/,
];
const TEST_CODE = /\.spec\.ts$|\.cases\.ts$|\/src\/test\//;
const NOT_MUTATED = /\/(index|main[a-z-]*)\.ts$|\.generated\.ts$|\.d\.ts$/;

/** The TypeScript files below a folder of a project. */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

/** Whether a spec, or test code that it imports, needs something slow. */
function isSlow(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (SLOW.some((pattern) => pattern.test(text))) return true;
  const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => join(dirname(file), path));
  return imports.some((path) => TEST_CODE.test(path) && isSlow(path, seen));
}

function usage(message) {
  console.error(`${message}\nusage: npm run test:mutation -- LIBRARY [-- FILE...]`);
  process.exit(2);
}

/** What to mutate: all sources, or those that were named. */
function mutated(sources, wanted) {
  if (wanted.length === 0) return sources;
  return wanted.flatMap((file) => {
    const [, path, range = ''] = /^(.*?)(:.*)?$/.exec(file);
    const found = sources.filter((source) => `/${source}`.endsWith(`/${path}`));
    if (found.length === 0) usage(`${file}: no such source file`);
    return found.map((source) => source + range);
  });
}

/** One line about a mutant: where it is, what stood there, and what stands there instead. */
function describe({ fileName, location: { start, end }, replacement, mutatorName }) {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  const oneLine = (text) => text.replace(/\s+/g, ' ');
  const before = oneLine(lines.join('\n'));
  const place = `${relative(ROOT, fileName)}:${start.line}:${start.column}`;
  return `${place} ${mutatorName}: ${before} -> ${oneLine(replacement)}`;
}

const [library, ...wanted] = process.argv.slice(2).filter((argument) => argument !== '--');
if (library === undefined) usage('Which library?');
process.chdir(ROOT);
const project = workspacePackages(ROOT).find(({ name }) => name === library || name === `@sriov/${library}`);
if (project === undefined) usage(`${library}: no such project`);

const folder = relative(ROOT, project.folder);
const reports = join(folder, 'test-results/mutation');
mkdirSync(reports, { recursive: true });
const files = filesOf(join(folder, 'src'));
const specs = files.filter((file) => file.endsWith('.spec.ts'));
const slow = specs.filter((file) => isSlow(file));
// Laws take seconds, and most mutants are found by a table.
const quick = specs.filter((file) => !slow.includes(file)).sort((a, b) => a.includes('.laws.') - b.includes('.laws.'));
const sources = files.filter((file) => !TEST_CODE.test(file) && !NOT_MUTATED.test(file));

const results = await new Stryker({
  mutate: mutated(sources, wanted),
  specs: quick,
  testRunner: 'specs',
  plugins: [join(import.meta.dirname, 'mutation/runner.mjs')],
  ignorers: ['descriptions'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A mutant that loops is stopped by its number of rounds; this limit is for one that waits on a busy machine.
  timeoutMS: 15_000,
  disableTypeChecks: false,
  tempDirName: '.cache/stryker',
  ignorePatterns: ['dist', 'test-results', '.cache'],
  reporters: ['progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: join(reports, 'mutation.html') },
  jsonReporter: { fileName: join(reports, 'mutation.json') },
  logLevel: 'warn',
  allowConsoleColors: process.stdout.isTTY,
}).runMutationTest();

const of = (status) => results.filter((result) => result.status === status);
const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0 };
for (const status of Object.keys(counts)) counts[status] = of(status).length;
const total = Object.values(counts).reduce((sum, count) => sum + count);
const score = ((100 * (counts.Killed + counts.Timeout)) / total).toFixed(1);
const notices = [
  ...of('Survived').map((result) => `survived: ${describe(result)}`),
  ...of('NoCoverage').map((result) => `no coverage: ${describe(result)}`),
  ...slow.map((file) => `left out, too slow for a run per mutant: ${file}`),
  `${folder}: ${total} mutants, ${counts.Killed} killed, ${counts.Timeout} timed out, ${counts.Survived} survived, ` +
    `${counts.NoCoverage} not reached by any test: ${score} %`,
];
writeFileSync(join(reports, 'survivors.txt'), `${notices.join('\n')}\n`);
console.log(notices.join('\n'));
