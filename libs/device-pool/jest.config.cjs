module.exports = { displayName: 'device-pool', preset: '../../jest.preset.cjs' };
