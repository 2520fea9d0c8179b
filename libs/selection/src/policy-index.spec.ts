import { describe, expect, it } from '@jest/globals';
import { policy } from '@sriov/testing/objects';
import fc from 'fast-check';
import { PolicyIndex } from './policy-index.ts';
import { isAboutNode, preparePolicies } from './prepare.ts';

const labels = fc.dictionary(fc.constantFrom('zone', 'rack', 'gpu'), fc.constantFrom('', 'a', 'b'));

describe('PolicyIndex', () => {
  it('finds what a look at every policy finds, in the same order', () => {
    const selectors = fc.array(fc.oneof(labels, fc.constant(undefined)), { maxLength: 12 });
    fc.assert(
      fc.property(selectors, labels, (nodeSelectors, node) => {
        const policies = nodeSelectors.map((nodeSelector, index) =>
          // A policy without a node selector cannot be read.
          policy(`p${index}`, { priority: index % 3, nodeSelector: nodeSelector as Record<string, string> }),
        );
        const { prepared } = preparePolicies(policies);
        expect(new PolicyIndex(prepared).about(node)).toEqual(prepared.filter((each) => isAboutNode(each, node)));
      }),
    );
  });
});
