// For projects whose tests need an API server: one control plane for the whole Jest run of the project.
const { join } = require('node:path');
const base = require('../../../jest.preset.cjs');

module.exports = {
  ...base,
  globalSetup: join(__dirname, 'setup.mjs'),
  globalTeardown: join(__dirname, 'teardown.mjs'),
};
