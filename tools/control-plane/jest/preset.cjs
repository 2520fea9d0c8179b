// For projects whose tests need an API server: one control plane for the whole Jest run of the project.
const { join } = require('node:path');
const base = require('../../../jest.preset.cjs');

module.exports = {
  ...base,
  // The files of a project share one cluster: nodes have no namespace, and the default pool has all that no other has. Two
  // files at once would take each other's slots. On a machine with more cores Jest would run several.
  maxWorkers: 1,
  globalSetup: join(__dirname, 'setup.mjs'),
  globalTeardown: join(__dirname, 'teardown.mjs'),
};
