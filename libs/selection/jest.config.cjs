module.exports = { displayName: 'selection', preset: '../../jest.preset.cjs' };
