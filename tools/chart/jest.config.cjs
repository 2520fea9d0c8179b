module.exports = { displayName: 'chart', preset: '../../tools/control-plane/jest/preset.cjs' };
