module.exports = { displayName: 'crds', preset: '../../tools/control-plane/jest/preset.cjs' };
