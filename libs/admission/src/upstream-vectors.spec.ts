import { describe, expect, it } from '@jest/globals';
import { type KubeObject } from '@sriov/api';
import { findObject, missingRows, nicListOf, ofKind, VECTOR_NAMESPACE, VECTORS } from '@sriov/testing/upstream-vectors';
import { admit } from './admit.ts';

/** Where admission lets in what upstream refuses: the row, by input and name. */
const LET_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'input-20': {
    delta: 'Policies of one resource that differ in `excludeTopology`, and share nodes on which not both have a PF',
  },
};

interface NetworkWords {
  readonly vlan?: number;
  readonly vlanQoS?: number;
  readonly trunk?: readonly { readonly minID?: number; readonly maxID?: number }[];
}

/** Where admission refuses what upstream lets in and the CNI plugin refuses at pod start. */
const isRefusedHere = (object: KubeObject | undefined): boolean => {
  const { vlan, vlanQoS, trunk = [] } = (object as { spec?: NetworkWords } | undefined)?.spec ?? {};
  const hasHalfRange = trunk.some(({ minID, maxID }) => (minID === undefined) !== (maxID === undefined));
  return (Boolean(vlanQoS) && !vlan) || hasHalfRange;
};

it('differences are explained in docs/differences.md', () => {
  expect(missingRows(Object.values(LET_IN).flatMap((each) => Object.values(each)))).toEqual([]);
});

describe.each(VECTORS)('what upstream wrote for %s', (input, vector) => {
  it('is what admission says', () => {
    for (const { kind, namespace, name, allowed, patch } of vector.expected.admission) {
      const object = findObject(vector, kind, name);
      const verdict =
        object &&
        admit({
          operation: 'CREATE',
          object,
          cluster: {
            nodes: ofKind(vector, 'Node'),
            nodeStates: ofKind(vector, 'SriovNetworkNodeState'),
            policies: ofKind(vector, 'SriovNetworkNodePolicy'),
            pools: ofKind(vector, 'SriovNetworkPoolConfig'),
            supportedNics: nicListOf(vector),
          },
          settings: { operatorNamespace: VECTOR_NAMESPACE, supportedNicsOnly: vector.supportedNicsOnly },
        });
      const said = { namespace: object?.metadata.namespace, name, allowed: verdict?.allowed, patch: verdict?.patch };
      const isLetIn = (allowed && !isRefusedHere(object)) || LET_IN[input]?.[name] !== undefined;
      expect(said).toEqual({ namespace, name, allowed: isLetIn, patch });
    }
  });
});
