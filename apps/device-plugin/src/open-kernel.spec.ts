import { describe, expect, it } from '@jest/globals';
import { readSettings } from '@sriov/runtime';
import { openKernel } from './open-kernel.ts';
import { service } from './service.ts';

function podOf(env: Record<string, string>): string | undefined {
  const read = readSettings(service, { argv: [], env });
  if ('text' in read) throw new Error('no settings');
  return openKernel(read.settings).pod;
}

describe('the host of the device plugin', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['knows the pod', { POD_NAME: 'plugin-x7k2p', POD_NAMESPACE: 'nics' }, 'nics/plugin-x7k2p'],
    ['takes the usual namespace', { POD_NAME: 'plugin-x7k2p' }, 'sriov-network-operator/plugin-x7k2p'],
    ['knows no pod outside one', { POD_NAMESPACE: 'nics' }, undefined],
  ])('%s', (_, env, pod) => expect(podOf(env)).toBe(pod));
});
