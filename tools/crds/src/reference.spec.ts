import { describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES, SRIOV_NETWORK_NODE_POLICY, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { exampleOf } from './example.ts';
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

  it('shows an example, and has no such section where nobody writes the object', () => {
    expect(referencePage(SRIOV_NETWORK_NODE_POLICY, 'kind: X')).toContain('## Example\n\n```yaml\nkind: X\n```\n');
    expect(policy).not.toContain('## Example');
  });

  it('finds an example of each kind that people write', () => {
    const without = CUSTOM_RESOURCES.filter(({ kind }) => exampleOf(kind) === undefined).map(({ kind }) => kind);
    expect(without).toEqual(['SriovNetworkNodeState']);
    expect(exampleOf('SriovNetwork')).toMatch(/^# It becomes [^]*\nkind: SriovNetwork\n[^]*"10.56.217.0\/24"}'$/);
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
