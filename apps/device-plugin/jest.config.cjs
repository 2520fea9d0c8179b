module.exports = { displayName: 'device-plugin', preset: '../../jest.preset.cjs' };
