module.exports = { displayName: 'observed-host', preset: '../../jest.preset.cjs' };
