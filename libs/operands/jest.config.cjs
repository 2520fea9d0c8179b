module.exports = { displayName: 'operands', preset: '../../jest.preset.cjs' };
