module.exports = {
  displayName: 'chart',
  preset: '../../tools/control-plane/jest/preset.cjs',
  globalSetup: '<rootDir>/jest/setup.mjs',
  // The registration of the webhook concerns the whole cluster: no other spec may be at work meanwhile.
  maxWorkers: 1,
};
