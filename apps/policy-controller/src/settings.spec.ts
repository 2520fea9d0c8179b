import { describe, expect, it } from '@jest/globals';
import { MAX_CONFIG_SHARDS } from '@sriov/device-plugin-config';
import { readSettings } from '@sriov/runtime';
import { service } from './service.ts';

const read = (...argv: string[]): ReturnType<typeof readSettings<typeof service.schema>> =>
  readSettings(service, { argv: [...argv], env: {} });

describe('the settings of the policy controller', () => {
  it('are these by default', () => {
    expect(read()).toEqual({
      settings: {
        listen: ':8081',
        logLevel: 'info',
        namespace: 'sriov-network-operator',
        supportedNicsOnly: false,
        staleNodeStateCleanupDelayMinutes: 30,
        vanishedPfGraceMinutes: 10,
        devicePluginConfigShards: 1,
      },
    });
  });

  it.each<[string, string[], object]>([
    [
      'no delay and no grace',
      ['--stale-node-state-cleanup-delay-minutes=0', '--vanished-pf-grace-minutes=0'],
      { staleNodeStateCleanupDelayMinutes: 0, vanishedPfGraceMinutes: 0 },
    ],
    [
      'the most ConfigMaps',
      [`--device-plugin-config-shards=${MAX_CONFIG_SHARDS}`],
      { devicePluginConfigShards: MAX_CONFIG_SHARDS },
    ],
    ['the restriction to supported NICs', ['--supported-nics-only'], { supportedNicsOnly: true }],
  ])('take %s', (_, argv, expected) => expect(read(...argv)).toMatchObject({ settings: expected }));

  it.each<[string, string[], string]>([
    ['a namespace without a name', ['--namespace='], '--namespace (or NAMESPACE): '],
    [
      'a delay before now',
      ['--stale-node-state-cleanup-delay-minutes=-1'],
      '--stale-node-state-cleanup-delay-minutes (or ',
    ],
    ['a grace before now', ['--vanished-pf-grace-minutes=-1'], '--vanished-pf-grace-minutes (or '],
    ['no ConfigMap', ['--device-plugin-config-shards=0'], '--device-plugin-config-shards (or '],
    ['part of a ConfigMap', ['--device-plugin-config-shards=1.5'], '--device-plugin-config-shards (or '],
    [
      'too many ConfigMaps',
      [`--device-plugin-config-shards=${MAX_CONFIG_SHARDS + 1}`],
      '--device-plugin-config-shards (or ',
    ],
  ])('refuse %s', (_, argv, message) => {
    expect(() => read(...argv)).toThrow(`policy-controller: wrong settings:\n  ${message}`);
  });

  it('say what the program is for', () => {
    expect(read('--help')).toEqual({ text: expect.stringMatching(/^policy-controller.*\n?.*turns policies/) });
  });
});
