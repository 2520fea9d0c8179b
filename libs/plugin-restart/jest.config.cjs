module.exports = { displayName: 'plugin-restart', preset: '../../jest.preset.cjs' };
