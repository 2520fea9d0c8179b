import { expect, it } from '@jest/globals';
import { readSettings } from '@sriov/runtime';
import { service } from './service.ts';

it('by default, the namespace is that of the chart', () => {
  expect(readSettings(service, { argv: [], env: {} })).toMatchObject({
    settings: { namespace: 'sriov-network-operator' },
  });
});

it('an empty namespace is none, so the default counts, and a flag wins', () => {
  expect(readSettings(service, { argv: [], env: { NAMESPACE: '' } })).toMatchObject({
    settings: { namespace: 'sriov-network-operator' },
  });
  expect(readSettings(service, { argv: ['--namespace=a'], env: { NAMESPACE: 'b' } })).toMatchObject({
    settings: { namespace: 'a' },
  });
  expect(() => readSettings(service, { argv: ['--namespace='], env: {} })).toThrow('--namespace');
});

it('knows what to remove, and refuses anything else', () => {
  expect(readSettings(service, { argv: ['--remove=operands'], env: {} })).toMatchObject({
    settings: { remove: 'operands' },
  });
  expect(() => readSettings(service, { argv: [], env: { REMOVE: 'all' } })).toThrow('--remove');
});
