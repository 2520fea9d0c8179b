module.exports = { displayName: 'device-plugin-config', preset: '../../jest.preset.cjs' };
