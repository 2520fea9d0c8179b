import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type SriovOperatorConfig } from '@sriov/api';
import { type OperatorConfigFacts, planOperatorConfig } from './plan-operator-config.ts';

const OWNER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'operator-config', uid: 'u' };
const OTHER_OWNER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'of-people', uid: 'v' };
const asks = (text: string, metadata: object = {}): OperatorConfigFacts['wish'] => ({
  metadata: { name: 'operator-config', namespace: 'operator', uid: 'u', ...metadata },
  data: { 'spec.json': text },
});
const hashOf = (text: string): string => `hash of ${text}`;
const present = (metadata: object): SriovOperatorConfig => ({ metadata: { name: 'default', ...metadata }, spec: {} });
const TEXT = '{"logLevel":2,"featureGates":{"metricsExporter":true}}';
const OURS = { annotations: { [ANNOTATION.operandHash]: hashOf(TEXT) } };
const APPLY = {
  kind: 'apply',
  object: {
    metadata: { name: 'default', namespace: 'operator', ...OURS },
    spec: { logLevel: 2, featureGates: { metricsExporter: true } },
  },
};

describe('the SriovOperatorConfig that the chart asks for', () => {
  it.each<[string, Omit<OperatorConfigFacts, 'hashOf'>, object]>([
    ['is made where there is none', { wish: asks(TEXT), present: undefined }, APPLY],
    [
      'is written when the values have changed',
      { wish: asks(TEXT), present: present({ annotations: { [ANNOTATION.operandHash]: 'another' } }) },
      APPLY,
    ],
    [
      'keeps what people have changed while the values stay',
      { wish: asks(TEXT), present: present(OURS) },
      { kind: 'holds' },
    ],
    ['is left to those who have made it otherwise', { wish: asks(TEXT), present: present({}) }, { kind: 'foreign' }],
    ['stays when it is no longer asked for', { wish: undefined, present: present(OURS) }, { kind: 'holds' }],
    [
      'no longer goes with the ConfigMap, which earlier versions have made its owner',
      { wish: undefined, present: present({ ...OURS, ownerReferences: [OTHER_OWNER, OWNER] }) },
      { kind: 'disown', ownerReferences: [OTHER_OWNER] },
    ],
    [
      'is waited for while an earlier one is on its way out',
      { wish: asks(TEXT), present: present({ ...OURS, deletionTimestamp: 'now' }) },
      { kind: 'going' },
    ],
    ['is not made without being asked for', { wish: undefined, present: undefined }, { kind: 'holds' }],
    [
      'is not made again while the release ends',
      { wish: asks(TEXT, { deletionTimestamp: 'now' }), present: undefined },
      { kind: 'holds' },
    ],
    [
      'is not made from half a text',
      { wish: asks('{"logLevel"'), present: undefined },
      { kind: 'unreadable', message: 'ConfigMap operator-config, key spec.json: is not JSON; the chart writes it' },
    ],
    [
      'is not made from a value that the CRD refuses',
      { wish: asks('{"logLevel":3}'), present: undefined },
      { kind: 'unreadable', message: expect.stringContaining('spec.logLevel') },
    ],
  ])('%s', (_, facts, plan) => {
    expect(planOperatorConfig({ ...facts, hashOf })).toEqual(plan);
  });
});
