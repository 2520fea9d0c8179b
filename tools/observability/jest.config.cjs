module.exports = {
  displayName: 'observability',
  preset: '../../jest.preset.cjs',
  globalSetup: '<rootDir>/jest/setup.mjs',
};
