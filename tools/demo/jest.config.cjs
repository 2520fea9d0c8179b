module.exports = {
  displayName: 'demo',
  preset: '../../tools/control-plane/jest/preset.cjs',
  // Budgets of pods are counted by its disruption controller.
  globals: { controllerManager: true },
};
