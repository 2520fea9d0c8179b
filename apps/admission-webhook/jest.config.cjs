module.exports = { displayName: 'admission-webhook', preset: '../../tools/control-plane/jest/preset.cjs' };
