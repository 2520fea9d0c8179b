module.exports = { displayName: 'host-sim', preset: '../../jest.preset.cjs' };
