module.exports = { displayName: 'kubectl-sriov', preset: '../../jest.preset.cjs' };
