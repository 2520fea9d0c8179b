import { describe, expect, it } from '@jest/globals';
import { NO_GUID } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import fc from 'fast-check';
import { type HostFacts } from '../planning/host-facts.ts';
import { planHost } from '../planning/plan-host.ts';
import { type HostPlan } from '../planning/steps.ts';
import { carryOut, PF, testFacts, testLink, testVf } from '../test/test-host.ts';
import { boundVf, guid, testPort, wantedPort } from '../test/test-port.ts';
import { type GuidFacts } from './guid-facts.ts';
import { readGuidFile } from './guid-file.ts';

const OTHER = '0000:02:00.0';
/** Few, so that they meet. */
const number = fc.integer({ min: 1, max: 9 });
const someGuid = number.map(guid);
const pfGuids: Readonly<Record<string, string>> = { [PF]: guid(8), [OTHER]: guid(9) };

const vf = (id: number): fc.Arbitrary<ObservedVf> =>
  fc.oneof(
    fc.constant(testVf(id)),
    fc
      .record({ own: fc.oneof(fc.constant(0), number), isHeld: fc.boolean(), isBound: fc.boolean() })
      .map(({ own, isHeld, isBound }) => {
        const { driver: _, ...unbound } = boundVf(id, own);
        return { ...(isBound ? boundVf(id, own) : unbound), ...(isHeld && { uses: [{ kind: 'namespace' } as const] }) };
      }),
  );

const port = (pciAddress: string): fc.Arbitrary<ObservedPf> =>
  fc
    .nat(4)
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, id) => vf(id))))
    .map((vfs) => {
      const mac = `00:00:10:29:fe:80:00:00:00:00:00:00:${pfGuids[pciAddress]}`;
      return testPort(vfs, { pciAddress, link: testLink({ name: pciAddress === PF ? 'ib0' : 'ib1', mac }) });
    });

const entry = fc.record({
  key: fc.constantFrom<object[]>({ pciAddress: PF }, { pciAddress: OTHER }, { pfGuid: guid(9) }),
  guids: fc.oneof(
    fc.array(someGuid, { minLength: 1, maxLength: 5 }).map((guids) => ({ guids })),
    fc
      .tuple(number, number)
      .map(([a, b]) => ({ guidsRange: { start: guid(Math.min(a, b)), end: guid(Math.max(a, b)) } })),
  ),
});
const file: fc.Arbitrary<GuidFacts['file']> = fc.oneof(
  fc.constantFrom(undefined, 'it is half written'),
  fc
    .array(entry, { maxLength: 3 })
    .map((rows) => readGuidFile(JSON.stringify(rows.map(({ key, guids }) => ({ ...key, ...guids }))))),
);
const recordOf = (pciAddress: string): fc.Arbitrary<GuidFacts['records']> =>
  fc
    .record({
      pfGuid: fc.constantFrom(pfGuids[pciAddress] ?? '', guid(7)),
      vfs: fc.dictionary(fc.constantFrom('0', '1', '2', '6'), someGuid),
    })
    .map((record) => new Map([[pciAddress, record]]));
const records = fc
  .tuple(...[PF, OTHER].map((each) => fc.oneof(fc.constant<GuidFacts['records']>(new Map()), recordOf(each))))
  .map((maps) => new Map(maps.flatMap((map) => [...map])));

const facts: fc.Arbitrary<HostFacts> = fc
  .record({
    ports: fc.tuple(port(PF), port(OTHER)),
    file,
    records,
    numVfs: fc.integer({ min: 1, max: 4 }),
    isOne: fc.boolean(),
  })
  .map(({ ports, file: given, records: known, numVfs, isOne }) => {
    const wanted = [wantedPort(numVfs), wantedPort(numVfs, { pciAddress: OTHER, name: 'ib1' })];
    return testFacts(ports, isOne ? wanted.slice(0, 1) : wanted, { guids: { file: given, records: known } });
  });

const holds = (law: (each: HostFacts, plan: HostPlan) => void): void =>
  fc.assert(
    fc.property(facts, (each) => law(each, planHost(each))),
    { numRuns: 2000 },
  );

/** The GUIDs that a plan sets, with the VF, as `PF ID`. */
const setBy = (plan: HostPlan): [string, string][] =>
  plan.pfs.flatMap(({ pciAddress, vfs }) =>
    vfs.flatMap(({ id, steps }) =>
      steps.flatMap((step) =>
        step.kind === 'set-vf-guid' ? [[`${pciAddress} ${id}`, step.guid] as [string, string]] : [],
      ),
    ),
  );

const presentVfs = ({ observed }: HostFacts): [string, ObservedVf][] =>
  observed.interfaces.flatMap(({ pciAddress, sriov }) =>
    (sriov?.vfs ?? []).map((each): [string, ObservedVf] => [`${pciAddress} ${each.id}`, each]),
  );

/** The node after the plan was carried out. */
function follow(before: HostFacts, plan: HostPlan): HostFacts {
  return {
    ...before,
    observed: carryOut(before.observed, plan),
    guids: { ...before.guids, records: new Map([...before.guids.records, ...(plan.guids ?? [])]) },
  };
}

/** The VF has a GUID, which is the one that it was given, and which nobody else has. */
function isTheirs(settled: HostFacts, place: string, own = NO_GUID): boolean {
  const [pciAddress = '', id = ''] = place.split(' ');
  const recorded = settled.guids.records.get(pciAddress);
  const isRecorded = recorded?.pfGuid === pfGuids[pciAddress] && recorded?.vfs[id] === own;
  const all = [...presentVfs(settled).map(([, { guids }]) => guids?.node), ...Object.values(pfGuids)];
  return own !== NO_GUID && isRecorded && all.filter((other) => other === own).length === 1;
}

describe('for the GUIDs of every node it holds that', () => {
  it('none is given twice, nor one that somebody else keeps', () => {
    holds((each, plan) => {
      const after = follow(each, plan);
      const set = new Map(setBy(plan));
      expect(new Set(set.values()).size).toBe(set.size);
      const others = presentVfs(after).filter(([place]) => !set.has(place));
      const kept = new Set([
        ...others.flatMap(([, { guids }]) => [guids?.node, guids?.port]),
        ...Object.values(pfGuids),
      ]);
      for (const [place, own] of set) expect([place, kept.has(own)]).toEqual([place, false]);
      expect([...set.values()]).not.toContain(NO_GUID);
    });
  });

  it('a plan that was carried out leaves nothing to do, and the record as it is', () => {
    holds((each, plan) => {
      const after = follow(each, plan);
      const rest = planHost(after);
      expect(setBy(rest)).toEqual([]);
      for (const [pciAddress, record] of rest.guids ?? []) expect(after.guids.records.get(pciAddress)).toEqual(record);
    });
  });

  it('a VF in use is not touched', () => {
    holds((each, plan) => {
      const touched = new Set(setBy(plan).map(([place]) => place));
      for (const [place, { uses }] of presentVfs(each)) if (uses !== undefined) expect(touched.has(place)).toBe(false);
    });
  });

  it('a file that goes, or cannot be used any more, changes no GUID', () => {
    fc.assert(
      fc.property(facts, fc.constantFrom(undefined, 'it is half written'), (each, broken) => {
        const settled = follow(each, planHost(each));
        const after = planHost({ ...settled, guids: { ...settled.guids, file: broken } });
        const present = new Map(presentVfs(settled));
        for (const [place, own] of setBy(after)) {
          const had = present.get(place)?.guids?.node;
          if (isTheirs(settled, place, had)) expect([place, own]).toEqual([place, had]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
