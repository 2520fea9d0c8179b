module.exports = { displayName: 'drain-protocol', preset: '../../jest.preset.cjs' };
