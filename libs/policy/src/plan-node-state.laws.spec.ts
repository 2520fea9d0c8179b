import { describe, expect, it } from '@jest/globals';
import {
  type NodePolicySpec,
  nodeStateSpecSchema,
  parseVfRange,
  type SriovNetworkNodePolicy,
  wireText,
} from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import fc from 'fast-check';
import { plan } from './test/plans.ts';

const interfaces = ['ens1', 'ens2', 'ens3'].map((name, index) =>
  nic(name, `0000:0${index}:00.0`, { altNames: [`alt${index}`], vendor: index === 2 ? '15b3' : '8086', totalvfs: 16 }),
);

const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([a, b]) => `#${a}-${b}`);
const pfName = fc
  .tuple(
    fc.constantFrom('ens1', 'ens2', 'ens3', 'alt0', 'other', ''),
    fc.oneof(fc.constant(''), range, fc.constant('#x')),
  )
  .map((parts) => parts.join(''));
const spec: fc.Arbitrary<Partial<NodePolicySpec>> = fc.record({
  priority: fc.nat(3),
  numVfs: fc.nat(20),
  mtu: fc.constantFrom(undefined, 1500, 9000),
  resourceName: fc.constantFrom('a', 'b', 'c'),
  deviceType: fc.constantFrom('netdevice' as const, 'vfio-pci' as const),
  eSwitchMode: fc.constantFrom(undefined, 'legacy' as const, 'switchdev' as const),
  isRdma: fc.boolean(),
  nodeSelector: fc.constantFrom<Record<string, string>>({}, { zone: 'a' }, { zone: 'b' }),
  nicSelector: fc.record(
    {
      pfNames: fc.array(pfName, { maxLength: 3 }),
      vendor: fc.constantFrom('8086', '15b3'),
      rootDevices: fc.constant(['0000:01:00.0']),
    },
    { requiredKeys: [] },
  ),
});
const policies: fc.Arbitrary<SriovNetworkNodePolicy[]> = fc
  .array(spec, { maxLength: 6 })
  .map((specs) => specs.map((each, index) => policy(`p${index}`, each)));
const shuffled = policies.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
);
const node = { interfaces, labels: { zone: 'a' } };
const bytes = (...args: Parameters<typeof plan>): string => wireText(nodeStateSpecSchema, plan(...args).spec);

describe('laws of planNodeState', () => {
  it('planning twice is planning once, whatever was there before', () => {
    fc.assert(
      fc.property(policies, policies, (earlier, list) => {
        const before = plan(earlier, node);
        const once = plan(list, { ...node, spec: before.spec, config: before.devicePluginConfig });
        const again = { ...node, spec: once.spec, config: once.devicePluginConfig };
        expect(bytes(list, again)).toBe(wireText(nodeStateSpecSchema, once.spec));
        expect(plan(list, again).devicePluginConfig).toBe(once.devicePluginConfig);
      }),
    );
  });

  it('the order in which policies are listed does not matter', () => {
    fc.assert(
      fc.property(shuffled, ([list, shuffled]) => {
        expect(bytes(shuffled, node)).toBe(bytes(list, node));
        expect(plan(shuffled, node).devicePluginConfig).toBe(plan(list, node).devicePluginConfig);
      }),
    );
  });

  it('a PF that is away for a moment, or without its name, stays in the spec as it is', () => {
    const away = fc.tuple(policies, fc.constantFrom(...interfaces), fc.boolean());
    fc.assert(
      fc.property(away, ([list, pf, isReported]) => {
        const once = plan(list, node);
        const { vendor, deviceID, totalvfs, pciAddress } = pf;
        const others = interfaces.filter((each) => each !== pf);
        const reported = isReported ? [...others, { vendor, deviceID, totalvfs, pciAddress }] : others;
        const later = { ...node, interfaces: reported, vanished: [pciAddress] };
        expect(bytes(list, { ...later, spec: once.spec })).toBe(wireText(nodeStateSpecSchema, once.spec));
      }),
    );
  });

  it('every VF of a PF is in one group at most, and in none beyond numVfs', () => {
    fc.assert(
      fc.property(policies, (list) => {
        for (const { numVfs = 0, vfGroups = [] } of plan(list, node).spec.interfaces ?? []) {
          const ids = vfGroups.flatMap(({ vfRange = '' }) => {
            const parsed = parseVfRange(vfRange);
            if (!parsed.ok) throw new Error(parsed.message);
            const { first, last } = parsed.value;
            return Array.from({ length: last - first + 1 }, (_, index) => first + index);
          });
          expect(new Set(ids).size).toBe(ids.length);
          expect(Math.max(-1, ...ids)).toBeLessThan(numVfs);
        }
      }),
    );
  });

  it('a node without a policy about it gets exactly nothing', () => {
    fc.assert(
      fc.property(policies, (list) => {
        const others = list.map((each) =>
          policy(each.metadata.name, { ...each.spec, nodeSelector: { zone: 'elsewhere' } }),
        );
        const readable = others.filter((each) => plan([each]).problems.length === 0);
        const result = plan(readable, node);
        expect([result.spec, result.devicePluginConfig, result.devicePluginLabel, result.problems]).toEqual([
          {},
          '{"resourceList":null}',
          'Disabled',
          [],
        ]);
      }),
    );
  });

  it('no policy makes it throw, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.object({ maxDepth: 3 }), { maxLength: 3 }), (specs) => {
        const list = specs.map((each, index) => ({
          metadata: { name: `p${index}` },
          spec: each as unknown as NodePolicySpec,
        }));
        expect(plan(list, node).spec).toEqual({});
      }),
    );
  });
});
