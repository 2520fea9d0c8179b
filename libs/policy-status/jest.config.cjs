module.exports = { displayName: 'policy-status', preset: '../../jest.preset.cjs' };
