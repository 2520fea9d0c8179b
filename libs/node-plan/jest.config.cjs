module.exports = { displayName: 'node-plan', preset: '../../jest.preset.cjs' };
