import { describe, expect, it } from '@jest/globals';
import { ownerRefOf, parseOwnerRef } from './ownership.ts';

describe('parseOwnerRef', () => {
  it('reads what ownerRefOf writes', () => {
    const ownerRef = ownerRefOf({ kind: 'SriovIBNetwork', metadata: { name: 'ib0', namespace: 'team' } });
    expect(ownerRef).toBe('SriovIBNetwork.sriovnetwork.openshift.io/team/ib0');
    expect(parseOwnerRef(ownerRef)).toEqual({ kind: 'SriovIBNetwork', key: 'team/ib0' });
  });

  it.each([undefined, '', 'SriovNetwork', 'SriovNetwork.other.io/a/b', 'SriovNetwork.sriovnetwork.openshift.io/a/b/c'])(
    'knows no owner in %j',
    (text) => {
      expect(parseOwnerRef(text)).toBeUndefined();
    },
  );
});
