module.exports = { displayName: 'vm', preset: '../../jest.preset.cjs' };
