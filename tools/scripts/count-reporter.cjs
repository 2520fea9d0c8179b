// Writes how many tests passed and failed in this project to <project>/test-results/counts.json, which
// tools/scripts/test.mjs sums for its closing line. A file, because Nx replays a cached run without starting Jest.
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

class CountReporter {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
  }

  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      // A suite that cannot even load has no tests of its own and still is a failure.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    mkdirSync(join(this.rootDir, 'test-results'), { recursive: true });
    writeFileSync(join(this.rootDir, 'test-results', 'counts.json'), `${JSON.stringify(counts)}\n`);
  }
}

module.exports = CountReporter;
