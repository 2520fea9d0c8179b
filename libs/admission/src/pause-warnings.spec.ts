import { expect, it } from '@jest/globals';
import { ANNOTATION, type KubeObject } from '@sriov/api';
import { pauseWarnings } from './pause-warnings.ts';
import { type AdmissionRequest } from './request.ts';

const warningsOf = (value: string | undefined, rest: Partial<AdmissionRequest & KubeObject> = {}): string[] => {
  const { operation = 'UPDATE', kind = 'SriovNetworkNodePolicy' } = rest;
  const annotations = value === undefined ? {} : { [ANNOTATION.paused]: value };
  const object = { kind, metadata: { name: 'p', annotations } };
  const cluster = { nodes: [], nodeStates: [], policies: [], pools: [], supportedNics: undefined };
  return pauseWarnings({ operation, object, cluster, settings: { operatorNamespace: 'o', supportedNicsOnly: false } });
};

it.each(['yes', 'True', '', '0'])('a policy with the pause %j is warned of: it is paused', (value) => {
  expect(warningsOf(value)).toEqual([
    `the annotation sriovnetwork.openshift.io/paused is ${JSON.stringify(value)}, and everything but "false" pauses the policy: write "true", or remove it`,
  ]);
});

it.each([['true'], ['false'], [undefined]])('a policy with the pause %j is not warned of', (value) => {
  expect(warningsOf(value)).toEqual([]);
});

it('a policy that is deleted, and another kind, are not warned of', () => {
  expect(warningsOf('yes', { operation: 'DELETE' })).toEqual([]);
  expect(warningsOf('yes', { kind: 'SriovNetworkPoolConfig' })).toEqual([]);
});
