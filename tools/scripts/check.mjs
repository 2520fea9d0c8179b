// npm run check: all that a change has to pass. Each step runs, whatever became of the one before it.
import { outputOf, run } from './run.mjs';

const state = () => outputOf('git', 'status', '--porcelain') + outputOf('git', 'diff', 'HEAD');

/** Generated files are committed; generating them again must change nothing. */
function generate() {
  const before = state();
  const status = run('nx', 'run-many', '-t', 'generate');
  if (status === 0 && state() !== before) {
    console.error('Generated files were out of date. They are up to date now: commit them with your change.');
    return 1;
  }
  return status;
}

const steps = {
  'format (cure: npm run format)': () => run('prettier', '--check', '--log-level=warn', '.'),
  'project references (cure: npx nx sync)': () => run('nx', 'sync:check'),
  'lint, types, bundles': () => run('nx', 'run-many', '-t', 'lint', 'typecheck', 'build'),
  'generated files': generate,
  'dead exports and circles of imports': () => run('knip', '--no-config-hints'),
  'licences of what is shipped': () => run('node', 'tools/scripts/check-licenses.mjs'),
  'known vulnerabilities of what is shipped': () => run('node', 'tools/scripts/check-audit.mjs'),
  'links and paths of documents': () => run('node', 'tools/scripts/check-docs.mjs'),
  tests: () => run('node', 'tools/scripts/test.mjs'),
};

const failed = Object.entries(steps)
  .filter(([name, step]) => {
    console.log(`\n=== ${name}`);
    return step() !== 0;
  })
  .map(([name]) => name);
if (failed.length > 0) console.error(`\nnpm run check: failed: ${failed.join('; ')}`);
process.exit(failed.length > 0 ? 1 : 0);
