import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readExamples } from './examples.ts';
import { runWithoutCluster } from './no-cluster.ts';
import { findFaults } from './outcome.ts';
import { reportLines } from './report.ts';
import { Stopwatch } from './stopwatch.ts';

const world = (name: string): string => join(import.meta.dirname, '../../worlds', name);

describe('the demo without a cluster', () => {
  it.each(['demo.yaml', 'igb-two-ports.yaml'])('brings the node of %s in line with the examples', async (name) => {
    const outcome = await runWithoutCluster(world(name), await readExamples(), new Stopwatch(() => undefined));
    expect(findFaults(outcome)).toEqual([]);
    expect(outcome.laps.map(({ name: step }) => step)).toEqual([
      'discover the NICs',
      'plan the node',
      'configure the NICs',
    ]);
    const report = reportLines(outcome).join('\n');
    expect(report).toContain('Succeeded');
    expect(report).toMatch(/0000:01:10\.0 +vfio-pci +- +- +intelnics +intel-vfio/);
    expect(report).toContain('NetworkAttachmentDefinition default/blue');
  });

  it.each(['netdevice.yaml', 'vfio-pci.yaml', 'rdma.yaml', 'shared-pf.yaml'])(
    'brings the node in line with %s, each policy of it',
    async (file) => {
      const examples = await readExamples(file);
      const outcome = await runWithoutCluster(world('demo.yaml'), examples, new Stopwatch(() => undefined));
      expect(findFaults(outcome)).toEqual([]);
      const groups = outcome.state.spec?.interfaces?.flatMap(({ vfGroups = [] }) => vfGroups) ?? [];
      const names = examples.policies.map(({ metadata }) => metadata.name);
      expect(groups.map(({ policyName }) => policyName).sort()).toEqual(names.sort());
    },
  );

  it('brings the node in line with infiniband.yaml: its VFs have GUIDs, each another', async () => {
    const examples = await readExamples('infiniband.yaml');
    const outcome = await runWithoutCluster(world('infiniband.yaml'), examples, new Stopwatch(() => undefined));
    expect(findFaults(outcome)).toEqual([]);
    const guids = outcome.state.status?.interfaces?.flatMap(({ Vfs = [] }) => Vfs.map(({ guid }) => guid)) ?? [];
    expect(guids).toEqual(Array.from({ length: 4 }, (): unknown => expect.stringMatching(/^02(:[0-9a-f]{2}){7}$/)));
    expect(new Set(guids).size).toBe(4);
  });
});
