import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from './node-state.ts';
import { withReadableStatus } from './readable-status.ts';

const pf = { pciAddress: '0000:3b:00.0', totalvfs: 8, Vfs: [{ pciAddress: '0000:3b:02.0', vfID: 0 }] };
const stateWith = (interfaces: unknown): SriovNetworkNodeState =>
  ({ metadata: { name: 'n1' }, status: { syncStatus: 'Succeeded', interfaces } }) as SriovNetworkNodeState;

describe('a node state from the API server', () => {
  it('is taken as it is when every PF can be read, with fields that only a newer daemon knows', () => {
    const state = stateWith([{ ...pf, newer: true }]);
    expect(withReadableStatus(state)).toBe(state);
  });

  it.each<[string, unknown]>([
    ['a PF that is null', [pf, null]],
    ['a PF without an address', [pf, { name: 'ens1' }]],
    ['a number in quotes', [{ ...pf, totalvfs: '8' }]],
    ['a VF without an id', [{ ...pf, Vfs: [{ pciAddress: '0000:3b:02.0' }] }]],
    ['VFs that are no list', [{ ...pf, Vfs: {} }]],
    ['no list at all', {}],
    ['null', null],
  ])('tells nothing of the PFs for %s, and keeps the rest of the status', (_, interfaces) => {
    expect(withReadableStatus(stateWith(interfaces)).status).toEqual({ syncStatus: 'Succeeded' });
  });

  it('may have no status yet', () => {
    expect(withReadableStatus({ metadata: { name: 'n1' } })).toEqual({ metadata: { name: 'n1' } });
  });
});
