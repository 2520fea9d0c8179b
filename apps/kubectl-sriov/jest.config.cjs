module.exports = { displayName: 'kubectl-sriov', preset: '../../tools/control-plane/jest/preset.cjs' };
