module.exports = { displayName: 'fleet', preset: '../control-plane/jest/preset.cjs' };
