module.exports = { displayName: 'demo', preset: '../../tools/control-plane/jest/preset.cjs' };
