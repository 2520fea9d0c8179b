module.exports = { displayName: 'network-renderer', preset: '../../tools/control-plane/jest/preset.cjs' };
