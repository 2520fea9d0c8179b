module.exports = { displayName: 'network-renderer', preset: '../../jest.preset.cjs' };
