import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { planHost } from '../planning/plan-host.ts';
import { PF, testFacts, testLink, testVf } from '../test/test-host.ts';
import { boundVf, guid, PORT_GUID, testPort, wantedPort } from '../test/test-port.ts';
import { describeVfStep } from '../words/describe-plan.ts';
import { type GuidFacts } from './guid-facts.ts';
import { readGuidFile } from './guid-file.ts';

const OTHER = '0000:02:00.0';
const held = { uses: [{ kind: 'namespace' } as const] };
const record = (vfs: Record<string, string>, pfGuid = PORT_GUID): GuidFacts['records'] =>
  new Map([[PF, { pfGuid, vfs }]]);
const file = (...entries: readonly object[]): GuidFacts['file'] => readGuidFile(JSON.stringify(entries));
const listed = (...numbers: readonly number[]): object => ({ pciAddress: PF, guids: numbers.map(guid) });
/** What is made for VF 0 and VF 1 of the PF: networks remember it. */
const MADE = ['02:70:e8:48:89:f3:db:e3', '02:70:e7:48:89:f3:da:30'];

interface Outcome {
  /** Steps by VF, GUIDs by their last octet. */
  readonly steps: string[];
  readonly problems: string[];
  readonly because: readonly string[];
}

function plan(pf: ObservedPf, guids: Partial<GuidFacts> = {}, desired: Partial<DesiredInterface> = {}): Outcome {
  const entry = wantedPort(2, desired);
  const { pfs, problems } = planHost(testFacts([pf], [entry], { guids: { records: new Map(), ...guids } }));
  const steps = pfs.flatMap(({ vfs }) =>
    vfs.map(({ id, steps: own }) => {
      const words = own.map((step) =>
        step.kind === 'set-vf-guid' ? `GUID ${step.guid.slice(-2)}` : describeVfStep(step),
      );
      return `${id}: ${words.join(', ')}`;
    }),
  );
  return { steps, problems: problems.map(({ message }) => message), because: pfs.flatMap(({ because }) => because) };
}

const AUTO = 'let its link follow the PF';
const FRESH = `${AUTO}, bind mlx5_core`;

describe('VFs of an InfiniBand port', () => {
  it('get their GUIDs before their first driver, and probing is off while they are made', () => {
    const { pfs } = planHost(
      testFacts([testPort()], [wantedPort(1)], { guids: { file: file(listed(7)), records: new Map() } }),
    );
    expect(pfs).toMatchObject([
      {
        before: [
          { kind: 'set-autoprobe', enabled: false },
          { kind: 'set-num-vfs', numVfs: 1 },
        ],
        vfs: [
          {
            steps: [
              { kind: 'set-vf-guid', guid: guid(7) },
              { kind: 'set-vf-link-state', state: 'auto' },
              { kind: 'bind-vf', driver: 'mlx5_core' },
            ],
          },
        ],
        after: [{ kind: 'set-autoprobe', enabled: true }],
      },
    ]);
  });

  it.each<[string, ObservedPf, Partial<GuidFacts>, string[]]>([
    ['those of the file', testPort(), { file: file(listed(1, 2)) }, [`0: GUID 01, ${FRESH}`, `1: GUID 02, ${FRESH}`]],
    [
      'those of the file before those that they had',
      testPort(),
      { file: file(listed(1, 2)), records: record({ 0: guid(3) }) },
      [`0: GUID 01, ${FRESH}`, `1: GUID 02, ${FRESH}`],
    ],
    [
      'those of the first entry',
      testPort(),
      { file: file({ pfGuid: PORT_GUID, guids: [guid(1), guid(2)] }, listed(3, 4)) },
      [`0: GUID 01, ${FRESH}`, `1: GUID 02, ${FRESH}`],
    ],
    [
      'those that they had when there is no file',
      testPort(),
      { records: record({ 0: guid(3), 1: guid(4) }) },
      [`0: GUID 03, ${FRESH}`, `1: GUID 04, ${FRESH}`],
    ],
    [
      'those that they had when the file cannot be used',
      testPort(),
      { file: 'it is not JSON', records: record({ 0: guid(3), 1: guid(4) }) },
      [`0: GUID 03, ${FRESH}`, `1: GUID 04, ${FRESH}`],
    ],
    [
      'those that they had when the file says nothing of them',
      testPort(),
      { file: file({ pciAddress: OTHER, guids: [guid(9)] }), records: record({ 0: guid(3), 1: guid(4) }) },
      [`0: GUID 03, ${FRESH}`, `1: GUID 04, ${FRESH}`],
    ],
  ])('are made with %s', (_, pf, guids, expected) => {
    expect(plan(pf, guids).steps).toEqual(expected);
  });

  it('are made with GUIDs of their own that are always the same, but not with those of another card', () => {
    const made = (guids: Partial<GuidFacts>): unknown =>
      planHost(testFacts([testPort()], [wantedPort(2)], { guids: { records: new Map(), ...guids } })).guids?.get(PF);
    const expected = { pfGuid: PORT_GUID, vfs: { 0: MADE[0], 1: MADE[1] } };
    expect(made({})).toEqual(expected);
    expect(made({ records: record({ 0: guid(3), 1: guid(4) }, guid(8)) })).toEqual(expected);
  });

  it.each<[string, ObservedPf, Partial<GuidFacts>, Partial<DesiredInterface>, string[]]>([
    [
      'get a GUID when they have none',
      testPort([boundVf(0, 0), boundVf(1, 2)]),
      { records: record({ 0: guid(1) }) },
      {},
      ['0: unbind its driver, GUID 01, bind mlx5_core'],
    ],
    [
      'get the GUID that the file has for them now',
      testPort([boundVf(0, 1), boundVf(1, 2)]),
      { file: file(listed(3, 2)) },
      {},
      ['0: unbind its driver, GUID 03, bind mlx5_core'],
    ],
    [
      'get theirs back when somebody has changed it',
      testPort([boundVf(0, 9), boundVf(1, 2)]),
      { records: record({ 0: guid(1) }) },
      {},
      ['0: unbind its driver, GUID 01, bind mlx5_core'],
    ],
    [
      'get both GUIDs when one is wrong',
      testPort([boundVf(0, 1, { guids: { node: guid(1), port: guid(5) } }), boundVf(1, 2)]),
      { records: record({ 0: guid(1) }) },
      {},
      ['0: unbind its driver, GUID 01, bind mlx5_core'],
    ],
    ['keep GUIDs that they have from somebody else', testPort([boundVf(0, 1), boundVf(1, 2)]), {}, {}, []],
    [
      'keep their GUIDs when the file cannot be used',
      testPort([boundVf(0, 1), boundVf(1, 2)]),
      { file: 'it is not JSON' },
      {},
      [],
    ],
    [
      'keep their GUIDs when the file does not name them',
      testPort([boundVf(0, 1), boundVf(1, 2)]),
      { file: file() },
      {},
      [],
    ],
    [
      'keep what their owner has given them',
      testPort([boundVf(0, 8), boundVf(1, 9)]),
      { records: record({ 0: guid(1), 1: guid(2) }) },
      { externallyManaged: true },
      [],
    ],
    [
      'keep what they have where the kernel does not tell it',
      testPort([testVf(0, { driver: 'mlx5_core' }), testVf(1, { driver: 'mlx5_core' })]),
      { file: file(listed(1, 2)) },
      {},
      [],
    ],
    [
      'that nothing is bound to are bound with what they have',
      testPort([testVf(0, boundVf(0, 1)), testVf(1, { guids: { node: guid(2), port: guid(2) }, linkState: 'auto' })]),
      { file: file(listed(1, 2)) },
      {},
      ['1: bind mlx5_core'],
    ],
    [
      'of a virtual machine need no other driver for a GUID',
      testPort([boundVf(0, 0, { driver: 'vfio-pci' }), boundVf(1, 2, { driver: 'vfio-pci' })]),
      { file: file(listed(1, 2)) },
      { vfGroups: [{ deviceType: 'vfio-pci', vfRange: '0-1' }] },
      ['0: GUID 01'],
    ],
    [
      'get a link that follows the PF when it is held down',
      testPort([boundVf(0, 1, { linkState: 'disable' }), boundVf(1, 2, { linkState: 'enable' })]),
      {},
      {},
      [`0: ${AUTO}`],
    ],
    [
      'outside all groups are left alone',
      testPort([boundVf(0, 0), boundVf(1, 0)]),
      { file: file(listed(1, 2)) },
      { vfGroups: [{ vfRange: '1-1' }] },
      ['1: unbind its driver, GUID 02, bind mlx5_core'],
    ],
    [
      'in use keep what their pod was given, and a link that is down',
      testPort([boundVf(0, 9, held), boundVf(1, 2, { ...held, linkState: 'disable' })]),
      { records: record({ 0: guid(1), 1: guid(2) }) },
      {},
      [],
    ],
  ])('%s', (_, pf, guids, desired, expected) => {
    const { steps, problems } = plan(pf, guids, desired);
    expect(steps).toEqual(expected);
    if (typeof guids.file !== 'string') expect(problems).toEqual([]);
  });

  it.each<[string, ObservedPf, Partial<GuidFacts>, RegExp[]]>([
    [
      'has no GUID and is in use',
      testPort([boundVf(0, 0, held), boundVf(1, 2)]),
      {},
      [/VF 0 has no GUID, and it is in use by a pod/],
    ],
    [
      'should have another GUID and is in use',
      testPort([boundVf(0, 1, held), boundVf(1, 2)]),
      { file: file(listed(3, 2)), records: record({ 0: guid(1) }) },
      [/VF 0 has GUID 02:.*:01, and it is in use by a pod/],
    ],
    [
      'should have a GUID that a VF in use has',
      testPort([boundVf(0, 3, held), boundVf(1, 2)]),
      { file: file(listed(1, 3)), records: record({ 0: guid(1) }) },
      [/VF 1: the GUID file gives it .*:03, which VF 0 of ib0 .* has/],
    ],
  ])('%s is reported, and left alone', (_, pf, guids, messages) => {
    const { steps, problems } = plan(pf, guids);
    expect(steps).toEqual([]);
    expect(problems).toEqual(messages.map((message) => expect.stringMatching(message)));
  });

  it.each<[string, ObservedPf, GuidFacts['file'], RegExp[]]>([
    [
      'the file cannot be used',
      testPort(),
      'it is not JSON',
      [
        /^ib0 .*: VF 0-1: it has no GUID yet, and the GUID file cannot be used$/,
        /^the file infiniband\/guids of the state folder cannot be used, so GUIDs stay as they are: it is not JSON$/,
      ],
    ],
    ['the file has no entry', testPort(), file(), [/VF 0-1: the GUID file has no entry for its PF: add one/]],
    ['the file has too few', testPort(), file(listed(1)), [/VF 1: the GUID file has too few GUIDs for its PF$/]],
    [
      'the file has one twice',
      testPort(),
      file(listed(1, 1)),
      [/VF 1: .*, which VF 0 of ib0 .* has, and a node can have a GUID only once/],
    ],
    [
      'the file has that of the port',
      testPort(),
      file({ pciAddress: PF, guids: [guid(1), PORT_GUID] }),
      [/VF 1: .*, which ib0 \(/],
    ],
  ])('are not made when %s', (_, pf, given, messages) => {
    const { steps, problems } = plan(pf, { file: given });
    expect(steps).toEqual([]);
    expect(problems).toEqual(messages.map((message) => expect.stringMatching(message)));
  });

  it('are not made anew with a GUID that they share with a VF of another PF', () => {
    const other = testPort([boundVf(0, 3)], { pciAddress: OTHER, link: testLink({ name: 'ib1', mac: guid(9) }) });
    const facts = testFacts([testPort([boundVf(0, 3), boundVf(1, 1)]), other], [wantedPort(1)], {
      guids: { file: file(listed(3)), records: new Map() },
    });
    const { pfs, problems } = planHost(facts);
    expect(pfs).toEqual([]);
    expect(problems).toMatchObject([
      { message: expect.stringMatching(/VF 0: .*, which VF 0 of ib0 .* and VF 0 of ib1/) },
    ]);
  });

  it.each<[string, ObservedPf, GuidFacts['file']]>([
    ['one is in use', testPort([boundVf(0, 1, held), boundVf(1, 2)]), file(listed(5, 6, 7))],
    ['the file has too few', testPort([boundVf(0, 1), boundVf(1, 2)]), file(listed(5, 6))],
    [
      'the host uses the port',
      testPort([boundVf(0, 1), boundVf(1, 2)], { uses: [{ kind: 'default-route' }] }),
      file(listed(5, 6, 7)),
    ],
  ])('that cannot be made anew because %s are remembered with the GUIDs that they have', (_, pf, changed) => {
    const guids = { file: changed, records: record({ 0: guid(1), 1: guid(2) }) };
    const { pfs, guids: known } = planHost(testFacts([pf], [wantedPort(3)], { guids }));
    expect([pfs, known?.get(PF)?.vfs]).toMatchObject([[], { 0: guid(1), 1: guid(2) }]);
    // Who takes the change back by removing the file gets no other GUIDs.
    const records = new Map([...guids.records, ...(known ?? [])]);
    expect(plan(pf, { records })).toEqual({ steps: [], problems: [], because: [] });
  });

  it('are not made anew, nor repaired, while nobody can read which GUIDs they were given', () => {
    const damaged = new Map([[PF, 'it is not JSON']]);
    const message = expect.stringMatching(/VF 1: the state file guids\/0000:01:00.0 is damaged \(it is not JSON\)/);
    const pf = testPort([boundVf(0, 1), boundVf(1, 0)]);
    expect(plan(pf, { damaged })).toEqual({ steps: [], problems: [message], because: [] });
    const facts = testFacts([pf], [wantedPort(3)], { guids: { records: new Map(), damaged } });
    expect(planHost(facts)).toMatchObject({ pfs: [], problems: [{ reason: 'GuidsInvalid' }] });
    expect(planHost(facts).guids).toBeUndefined();
    // The file of the administrator says it as well.
    expect(plan(pf, { damaged, file: file(listed(1, 2)) }).steps).toEqual([
      '1: unbind its driver, GUID 02, bind mlx5_core',
    ]);
  });

  it('are remembered with their GUIDs before they are made anew on a port that the host may lose', () => {
    const pf = testPort([boundVf(0, 1), boundVf(1, 2)], { uses: [{ kind: 'default-route' }] });
    const guids = { file: file(listed(5, 6, 7)), records: record({ 0: guid(1), 1: guid(2) }) };
    const result = planHost(testFacts([pf], [wantedPort(3)], { guids, allowHostInterfaces: true }));
    expect(result.guids?.get(PF)?.vfs).toEqual({ 0: guid(5), 1: guid(6), 2: guid(7) });
  });

  it('are repaired where the file has a GUID for them, and reported where it has none', () => {
    const { steps, problems } = plan(testPort([boundVf(0, 0), boundVf(1, 0)]), { file: file(listed(1)) });
    expect(steps).toEqual(['0: unbind its driver, GUID 01, bind mlx5_core']);
    expect(problems).toEqual([expect.stringMatching(/VF 1: the GUID file has too few/)]);
  });

  it('wait for an interface of their port', () => {
    const { link: _, ...pf } = testPort();
    expect(plan(pf)).toMatchObject({
      steps: [],
      problems: [expect.stringMatching(/load the kernel module ib_ipoib$/)],
    });
  });

  it('say why they change', () => {
    const mixed = boundVf(1, 2, { guids: { node: guid(2), port: guid(5) }, linkState: 'disable' });
    expect(plan(testPort([boundVf(0, 0), mixed]), { file: file(listed(1, 2)) }).because).toEqual([
      'VF 0 has no GUID',
      `VF 1 has node GUID ${guid(2)} and port GUID ${guid(5)}`,
      'the link of VF 1 is held down',
    ]);
  });

  it('are two of one PF in the file: the first entry counts, with a warning', () => {
    const twice = file(listed(1, 2), { pfGuid: PORT_GUID, guids: [guid(3)] });
    const { warnings } = planHost(
      testFacts([testPort()], [wantedPort(2)], { guids: { file: twice, records: new Map() } }),
    );
    expect(warnings).toEqual([`the GUID file has more than one entry for ib0 (${PF}): the first one counts`]);
  });
});

describe('the record of GUIDs', () => {
  const recorded = (pf: ObservedPf, guids: GuidFacts, numVfs = 2): unknown =>
    planHost(testFacts([pf], [wantedPort(numVfs)], { guids })).guids?.get(PF)?.vfs;

  it.each<[string, ObservedPf, GuidFacts, unknown]>([
    [
      'has what the file gives, also where nothing changes',
      testPort([boundVf(0, 1), boundVf(1, 2)]),
      { file: file(listed(1, 2)), records: new Map() },
      { 0: guid(1), 1: guid(2) },
    ],
    [
      'keeps VFs that are not there',
      testPort(),
      { records: record({ 5: guid(5), 0: guid(1), 1: guid(2) }) },
      { 0: guid(1), 1: guid(2), 5: guid(5) },
    ],
    [
      'keeps what a VF in use was given until it is free',
      testPort([boundVf(0, 1, held), boundVf(1, 0)]),
      { file: file(listed(3, 4)), records: record({ 0: guid(1) }) },
      { 0: guid(1), 1: guid(4) },
    ],
    [
      'has nothing of VFs that keep what they have from others',
      testPort([boundVf(0, 1), boundVf(1, 2)]),
      { records: new Map() },
      undefined,
    ],
  ])('%s', (_, pf, guids, expected) => {
    expect(recorded(pf, guids)).toEqual(expected);
  });
});
