module.exports = { displayName: 'kube', preset: '../../tools/control-plane/jest/preset.cjs' };
