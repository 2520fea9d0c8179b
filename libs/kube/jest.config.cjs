module.exports = { displayName: 'kube', preset: '../../jest.preset.cjs' };
