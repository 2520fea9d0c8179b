// Two at a time: these suites mostly wait for other processes.
module.exports = { displayName: 'control-plane', preset: '../../jest.preset.cjs', maxWorkers: 2 };
