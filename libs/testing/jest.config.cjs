module.exports = { displayName: 'testing', preset: '../../tools/control-plane/jest/preset.cjs' };
