module.exports = { displayName: 'policy-controller', preset: '../../jest.preset.cjs' };
