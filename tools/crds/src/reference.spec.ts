import { describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES, SRIOV_NETWORK_NODE_POLICY, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { referencePage } from './reference.ts';

describe('the reference page of a kind', () => {
  const policy = referencePage(SRIOV_NETWORK_NODE_POLICY);

  it('has a line for each field, with type, limits and meaning', () => {
    expect(policy).toContain(
      '- `spec.priority` (integer, minimum `0`, maximum `99`): Precedence when several policies select a PF: 0 is the highest, 99 the lowest.',
    );
    expect(policy).toContain('- `spec.nodeSelector` (map of string, required)');
  });

  it('tells what is refused without the webhook', () => {
    expect(policy).toContain('- a range in spec.nicSelector.pfNames must not end before it begins');
  });

  it('describes what the API server does not check, and says so', () => {
    const page = referencePage(SRIOV_NETWORK_NODE_STATE);
    expect(page).toContain(
      '- `status.interfaces[].Vfs[].vfID` (integer, required): Index of the VF on its PF, from 0.',
    );
    expect(page).toContain('The API server does not check the fields below `status.interfaces[]`');
  });

  it.each(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'of %s leaves no field without a word',
    (_, resource) => {
      const silent = referencePage(resource)
        .split('\n')
        .filter((line) => /^- `(spec|status)\.[^`]+` \([^:]*\)$/.test(line));
      expect(silent).toEqual([]);
    },
  );
});
