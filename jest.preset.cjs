// One Jest setup for every project: native ES modules, TypeScript through SWC (types are checked by `typecheck`).
// NODE_OPTIONS=--experimental-vm-modules is set in nx.json (targetDefaults.test).
const swc = {
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
  swcrc: false,
  sourceMaps: 'inline',
};

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  // Against hanging, not a measure: other projects' tests share the machine.
  testTimeout: 60_000,
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json'],
  reporters: ['default', ['<rootDir>/../../tools/scripts/count-reporter.cjs', {}]],
};
