module.exports = { displayName: 'node-limits', preset: '../../jest.preset.cjs' };
