// npm test: all tests of all projects, and how many there were. Arguments go to Nx (`npm test -- -p @sriov/policy`).
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

// Once and before all others: a first run builds the programs for minutes, and shows how far it is.
const programs = ['tools/control-plane/src/main.ts', '--resolve-only', '--controller-manager'];
if (run('node', '--import', 'tsx', ...programs) !== 0) process.exit(1);
// Only the chart and the demo need it: without it they fail, and all others are tested all the same.
run('node', '--import', 'tsx', 'tools/chart/src/main.ts');
// Only the tests of the alerts need promtool.
run('node', '--import', 'tsx', 'tools/observability/src/main.ts');

const counts = () =>
  ['apps', 'libs', 'tools']
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((project) => join(ROOT, folder, project)))
    .map((project) => join(project, 'test-results/counts.json'))
    .filter((file) => existsSync(file));
// Of an earlier run, perhaps of a project that is gone.
for (const file of counts()) rmSync(file);

const status = run('nx', 'run-many', '-t', 'test', ...process.argv.slice(2));

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of counts()) {
  const project = JSON.parse(readFileSync(file, 'utf8'));
  for (const key of Object.keys(total)) total[key] += project[key];
}
// A project that could not even start Jest has counted nothing.
if (status !== 0 && total.failed === 0) total.failed = 1;
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(status);
