module.exports = { displayName: 'rollout', preset: '../../jest.preset.cjs' };
