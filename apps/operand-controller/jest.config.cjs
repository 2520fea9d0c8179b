module.exports = { displayName: 'operand-controller', preset: '../../tools/control-plane/jest/preset.cjs' };
