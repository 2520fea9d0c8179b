module.exports = { displayName: 'policy-controller', preset: '../../tools/control-plane/jest/preset.cjs' };
