import { describe, expect, it } from '@jest/globals';
import { readSettings } from '@sriov/runtime';
import { service } from './service.ts';

const read = (...argv: string[]): ReturnType<typeof readSettings<typeof service.schema>> =>
  readSettings(service, { argv: [...argv], env: {} });

describe('the settings of the network renderer', () => {
  it('are these by default', () => {
    expect(read()).toEqual({
      settings: {
        listen: ':8081',
        logLevel: 'info',
        namespace: 'sriov-network-operator',
        releaseFinalizers: false,
        resourcePrefix: 'openshift.io',
      },
    });
  });

  it.each<[string, string[], object]>([
    ['another namespace', ['--namespace', 'team'], { namespace: 'team' }],
    ['another prefix', ['--resource-prefix', 'example.org'], { resourcePrefix: 'example.org' }],
    ['the order to take the finalizers off', ['--release-finalizers'], { releaseFinalizers: true }],
  ])('take %s', (_, argv, expected) => expect(read(...argv)).toMatchObject({ settings: expected }));

  it.each<[string, string[], string]>([
    ['a namespace without a name', ['--namespace='], '--namespace (or NAMESPACE): '],
    ['a prefix without a name', ['--resource-prefix='], '--resource-prefix (or RESOURCE_PREFIX): '],
  ])('refuse %s', (_, argv, message) => {
    expect(() => read(...argv)).toThrow(`network-renderer: wrong settings:\n  ${message}`);
  });

  it('say what the program is for', () => {
    expect(read('--help')).toEqual({ text: expect.stringMatching(/^network-renderer.*\n?.*turns SriovNetwork/) });
  });

  it('tell a run that takes the finalizers off from a service', () => {
    const isOneShot = (...argv: string[]): unknown => {
      const result = read(...argv);
      return 'settings' in result && service.isOneShot?.(result.settings);
    };
    expect([isOneShot(), isOneShot('--release-finalizers')]).toEqual([false, true]);
  });
});
