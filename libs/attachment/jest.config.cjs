module.exports = { displayName: 'attachment', preset: '../../jest.preset.cjs' };
