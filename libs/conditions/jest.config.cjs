module.exports = { displayName: 'conditions', preset: '../../jest.preset.cjs' };
