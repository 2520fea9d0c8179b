// Asks the registry for known vulnerabilities of what is shipped. Without an answer nothing is known, which is said, and
// is no failure: a machine without a network can check everything else.
import { spawnSync } from 'node:child_process';
import { ROOT } from './run.mjs';

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: ROOT, encoding: 'utf8' });
const report = error ? {} : readReport(stdout);
const counts = report.metadata?.vulnerabilities;
if (counts === undefined) {
  console.log(`NOT CHECKED: the registry gave no audit report (${error?.message ?? report.message ?? 'no answer'})`);
} else {
  const { low, moderate, high, critical } = counts;
  console.log(`vulnerabilities: ${critical} critical, ${high} high, ${moderate} moderate, ${low} low`);
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) {
    console.error(`${name} ${range}: ${severity}`);
  }
  if (high + critical > 0) process.exit(1);
}

function readReport(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
