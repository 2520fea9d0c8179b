import { describe, expect, it } from '@jest/globals';
import { nodeObject, policyObjects } from './fleet-objects.ts';
import { measurePlanning } from './planning.ts';

const size = { nodes: 20, nics: 8, vfs: 16, policies: 50 };

describe('the synthetic fleet', () => {
  it('has as many policies as asked for, each about some node', () => {
    const policies = policyObjects(size);
    const labels = Array.from({ length: size.nodes }, (_, index) => nodeObject(index).metadata.labels ?? {});
    expect(new Set(policies.map(({ metadata }) => metadata.name)).size).toBe(50);
    for (const { spec } of policies) {
      const isAbout = (own: Record<string, string>): boolean =>
        Object.entries(spec?.nodeSelector ?? {}).every(([name, value]) => own[name] === value);
      expect(labels.some(isAbout)).toBe(true);
    }
  });

  it('gives planning something to do on each node', () => {
    const { matches, configBytes, ms } = measurePlanning(size);
    expect(matches).toBeGreaterThan(5);
    expect(configBytes).toBeGreaterThan(500);
    expect(ms).toBeGreaterThan(0);
  });
});
