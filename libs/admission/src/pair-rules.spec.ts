import { describe, expect, it } from '@jest/globals';
import { nic } from '@sriov/testing/objects';
import { policyObject, state, storedPolicy, verdictOn } from './test/requests.ts';

const onUnreported = (mine: object, theirs: object): string =>
  verdictOn(policyObject({ nicSelector: mine }), {
    cluster: { policies: [storedPolicy('old', { nicSelector: theirs })], nodeStates: [] },
  }).message;

describe('on a node that has not reported, two policies of the same name of a PF', () => {
  const pfNames = ['ens2f0#0-3'];

  it.each<[string, object, object]>([
    ['say nothing of ids', {}, {}],
    ['agree in the vendor', { vendor: '8086' }, { vendor: '8086' }],
    ['agree in both ids', { vendor: '8086', deviceID: '158b' }, { vendor: '8086', deviceID: '158b' }],
    ['have ids in one of them only', { vendor: '8086', deviceID: '158b' }, {}],
    ['have ids in the other one only', {}, { vendor: '8086', deviceID: '158b' }],
    ['have a vendor in one, and both ids in the other', { vendor: '8086' }, { vendor: '8086', deviceID: '158b' }],
  ])('meet when they %s', (_, mine, theirs) => {
    expect(onUnreported({ ...mine, pfNames }, { ...theirs, pfNames })).toContain('takes VFs that policy old takes');
  });

  it.each<[string, object, object]>([
    ['differ in the vendor', { vendor: '8086' }, { vendor: '15b3' }],
    ['differ in the model', { vendor: '8086', deviceID: '158b' }, { vendor: '8086', deviceID: '159b' }],
  ])('do not meet when they %s', (_, mine, theirs) => {
    expect(onUnreported({ ...mine, pfNames }, { ...theirs, pfNames })).toBe('');
  });
});

describe('a root device of two policies', () => {
  const rootDevices = ['0000:3b:00.0'];
  const shared = '0000:3b:00.0 is in policy old as well';

  it('is told on a node that has not reported', () => {
    expect(onUnreported({ rootDevices }, { rootDevices })).toContain(shared);
  });

  it('is told on a node where both select it', () => {
    const cluster = { policies: [storedPolicy('old', { nicSelector: { rootDevices } })] };
    expect(verdictOn(policyObject({ nicSelector: { rootDevices } }), { cluster }).message).toContain(shared);
  });

  it('is none where one of them selects other hardware at that address', () => {
    const nodeStates = [state('n1', [nic('ens2f0', '0000:3b:00.0')])];
    const policies = [storedPolicy('old', { nicSelector: { vendor: '15b3', rootDevices } })];
    const nodes = [{ metadata: { name: 'n1', labels: { zone: 'a' } } }];
    const verdict = verdictOn(policyObject({ nicSelector: { rootDevices } }), {
      cluster: { nodes, nodeStates, policies },
    });
    expect(verdict.message).toBe('');
  });

  it('is none when the other policy has another one', () => {
    expect(onUnreported({ rootDevices }, { rootDevices: ['0000:3b:00.1'] })).toBe('');
  });
});

it('a name of a PF that neither policy selects by its ids is free, whichever name is used', () => {
  const nodeStates = [state('n1', [nic('ens2f0', '0000:3b:00.0', { altNames: ['left'] })])];
  const nodes = [{ metadata: { name: 'n1', labels: { zone: 'a' } } }];
  const policies = [storedPolicy('old', { nicSelector: { vendor: '15b3', pfNames: ['left#0-3'] } })];
  const cluster = { nodes, nodeStates, policies };
  expect(verdictOn(policyObject({ nicSelector: { pfNames: ['left#0-3'] } }), { cluster }).message).toBe('');
});
