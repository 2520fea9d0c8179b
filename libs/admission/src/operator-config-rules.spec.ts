import { expect, it } from '@jest/globals';
import { type KubeObject } from '@sriov/api';
import { objectOf, state, verdictOn } from './test/requests.ts';

const config = (spec: unknown, metadata: object = {}): KubeObject => objectOf('SriovOperatorConfig', spec, metadata);
const stopsDraining = (nodeStates: ReturnType<typeof state>[], before: unknown = {}): string =>
  verdictOn(config({ disableDrain: true }), {
    operation: 'UPDATE',
    oldObject: config(before),
    cluster: { nodeStates },
  }).message;

it('draining cannot stop while nodes are being configured, and the first of them by name is told', () => {
  const nodeStates = [state('n3', [], 'InProgress'), state('n1', [], 'InProgress'), state('n2', [], 'Failed')];
  expect(stopsDraining(nodeStates)).toContain('while nodes are being configured (2, such as n1)');
});

it.each<[string, unknown]>([
  ['an empty spec', {}],
  ['no spec', undefined],
  ['null for a spec', null],
])('draining cannot stop either when the stored object has %s', (_, before) => {
  expect(stopsDraining([state('n1', [], 'InProgress')], before)).toContain('(1, such as n1)');
});

it('a node that has not reported is not being configured', () => {
  const { status: _, ...silent } = state('n1', []);
  expect(stopsDraining([silent])).toBe('');
});

it('an object whose name is still to be generated is told which one is used', () => {
  expect(verdictOn(config({}, { name: undefined })).message).toBe(
    'only the SriovOperatorConfig operator/default is used, and this is operator/: change that one',
  );
});

it('what this version does not carry out is named in one warning', () => {
  const { allowed, warnings } = verdictOn(
    config({
      configurationMode: 'systemd',
      featureGates: { blockDevicePluginUntilConfigured: true },
      enableInjector: true,
    }),
  );
  expect(allowed).toBe(true);
  expect(warnings).toEqual([
    'spec.featureGates.blockDevicePluginUntilConfigured: this version cannot do it; spec.enableInjector: this version runs no injector: pods ask for their resource themselves',
  ]);
});
