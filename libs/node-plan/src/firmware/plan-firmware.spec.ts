import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type FirmwareReading, type ObservedFirmware, type ObservedPf } from '@sriov/observed-host';
import { planHost } from '../planning/plan-host.ts';
import { type HostPlan, isIdle } from '../planning/steps.ts';
import { testFacts, testLink, testPf } from '../test/test-host.ts';
import { type FirmwareFacts } from './firmware-facts.ts';

const P0 = '0000:5e:00.0';
const P1 = '0000:5e:00.1';
const OTHER = '0000:af:00.0';
const CARD = '0000:5e:00';

const port = (pciAddress: string, totalVfs: number | undefined, change: Partial<ObservedPf> = {}): ObservedPf =>
  testPf([], {
    pciAddress,
    vendor: '15b3',
    deviceId: '101d',
    driver: 'mlx5_core',
    link: testLink({
      name: `ens${pciAddress.slice(5, 7)}f${pciAddress.slice(-1)}`,
      mac: `b8:59:9f:00:00:1${pciAddress.slice(-1)}`,
    }),
    ...(totalVfs === undefined ? { sriov: undefined } : { sriov: { totalVfs, autoprobe: true, vfs: [] } }),
    ...change,
  } as Partial<ObservedPf>);

const want = (pciAddress: string, numVfs: number, change: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress,
  numVfs,
  ...change,
});

const firmware = (current: number, next = current, change: Partial<ObservedFirmware> = {}): FirmwareReading => ({
  kind: 'read',
  firmware: {
    numOfVfs: { current, next },
    sriovEnabled: { current: true, next: true },
    linkTypes: { 1: { current: 'ETH', next: 'ETH' }, 2: { current: 'ETH', next: 'ETH' } },
    isDpu: false,
    ...change,
  },
});

const facts = (reading?: FirmwareReading, change: Partial<FirmwareFacts> = {}): FirmwareFacts => ({
  readings: new Map(reading === undefined ? [] : [[CARD, reading]]),
  awaited: new Map(),
  bootId: 'b',
  ...change,
});

const plan = (pfs: readonly ObservedPf[], wanted: readonly DesiredInterface[], known?: FirmwareFacts): HostPlan =>
  planHost(testFacts(pfs, wanted, known === undefined ? {} : { firmware: known }));

const writesOf = (node: HostPlan['node']): object[] =>
  (node?.steps ?? []).flatMap((step) => (step.kind === 'write-firmware' ? [{ [step.pciAddress]: step.change }] : []));

/** What is written before a reboot, what is written at once, and which NICs a reboot is for. */
const outcome = (result: HostPlan): object => ({
  before: writesOf(result.beforeReboot),
  now: writesOf(result.node),
  reboots: (result.needsReboot ?? []).map(({ pciAddress }) => pciAddress),
});
const NOTHING = { before: [], now: [], reboots: [] };

describe('the number of VFs in the firmware', () => {
  it.each<[string, readonly ObservedPf[], readonly DesiredInterface[], FirmwareReading, object]>([
    ['stays where it is as wanted', [port(P0, 16)], [want(P0, 16)], firmware(16), NOTHING],
    ['is never lowered', [port(P0, 16)], [want(P0, 8)], firmware(16), NOTHING],
    [
      'is put right for the next start, without a reboot',
      [port(P0, 16)],
      [want(P0, 16)],
      firmware(16, 0),
      { ...NOTHING, now: [{ [P0]: { numOfVfs: 16 } }] },
    ],
    [
      'only waits for a reboot where it was written',
      [port(P0, 0)],
      [want(P0, 16)],
      firmware(0, 16),
      { ...NOTHING, reboots: [P0] },
    ],
    [
      'is raised with a reboot',
      [port(P0, 4)],
      [want(P0, 16)],
      firmware(4),
      { now: [], before: [{ [P0]: { numOfVfs: 16 } }], reboots: [P0] },
    ],
    [
      'is that of the port that wants most',
      [port(P0, 4), port(P1, 4)],
      [want(P0, 8), want(P1, 12)],
      firmware(4),
      { now: [], before: [{ [P0]: { numOfVfs: 12 } }], reboots: [P0] },
    ],
    [
      'is not below what a port has that needs nothing',
      [port(P0, 4), port(P1, 16)],
      [want(P0, 8), want(P1, 12)],
      firmware(4),
      { now: [], before: [{ [P0]: { numOfVfs: 12 } }], reboots: [P0] },
    ],
    [
      'comes with SR-IOV where that is switched off',
      [port(P0, undefined)],
      [want(P0, 4)],
      firmware(8, 8, { sriovEnabled: { current: false, next: false } }),
      { now: [], before: [{ [P0]: { sriovEnabled: true } }], reboots: [P0] },
    ],
    [
      'keeps SR-IOV on for the next start',
      [port(P0, 8)],
      [want(P0, 4)],
      firmware(8, 8, { sriovEnabled: { current: true, next: false } }),
      { ...NOTHING, now: [{ [P0]: { sriovEnabled: true } }] },
    ],
    [
      'of a NIC that cannot switch SR-IOV off is all there is',
      [port(P0, 4)],
      [want(P0, 8)],
      { kind: 'read', firmware: { numOfVfs: { next: 4 }, linkTypes: {}, isDpu: false } },
      { now: [], before: [{ [P0]: { numOfVfs: 8 } }], reboots: [P0] },
    ],
    [
      'of a PF that someone else manages has no say',
      [port(P0, 4), port(P1, 4)],
      [want(P0, 8), want(P1, 0, { externallyManaged: true })],
      firmware(4),
      { now: [], before: [{ [P0]: { numOfVfs: 8 } }], reboots: [P0] },
    ],
  ])('%s', (_, pfs, wanted, reading, expected) => {
    const result = plan(pfs, wanted, facts(reading));
    expect(outcome(result)).toEqual(expected);
    expect(result.problems).toEqual([]);
  });

  it('of five, then six, then five VFs is written never, where the firmware has six', () => {
    for (const numVfs of [5, 6, 5, 6, 5]) {
      expect(outcome(plan([port(P0, 6)], [want(P0, numVfs)], facts(firmware(6))))).toEqual(NOTHING);
    }
  });

  it('leaves the PF as it is until it has it, and out of what is in force', () => {
    const result = plan([port(P0, 4)], [want(P0, 8)], facts(firmware(4)));
    expect([result.pfs, result.taken]).toEqual([[], []]);
    expect(result.needsReboot?.[0]?.why).toMatch(
      /^ens5ef0 \(0000:5e:00.0\): 8 VFs are wanted, and the firmware allows 4/,
    );
    expect(result.beforeReboot?.because).toEqual([
      `the firmware of ens5ef0 (${P0}) has SRIOV_EN=True NUM_OF_VFS=4 LINK_TYPE_P1=ETH LINK_TYPE_P2=ETH, and SRIOV_EN=True NUM_OF_VFS=8 is wanted`,
    ]);
  });

  it('has the same reason for a reboot before and after it was written', () => {
    const [before, after] = [firmware(4), firmware(4, 8)].map((reading) =>
      plan([port(P0, 4)], [want(P0, 8)], facts(reading)),
    );
    expect(before?.needsReboot).toEqual(after?.needsReboot);
    expect(isIdle(after ?? plan([], []))).toBe(true);
    expect([...(after?.firmware?.ready ?? [])]).toEqual([[CARD, 'SRIOV_EN=True NUM_OF_VFS=8']]);
  });

  it('of several NICs is one list of reasons, whichever of them needs nothing', () => {
    const pfs = [port(P0, 4), port(OTHER, 16)];
    const readings = new Map([
      [CARD, firmware(4)],
      ['0000:af:00', firmware(16)],
    ]);
    for (const ordered of [pfs, [...pfs].reverse()]) {
      const result = plan(ordered, [want(P0, 8), want(OTHER, 16)], { readings, awaited: new Map(), bootId: 'b' });
      expect(outcome(result)).toMatchObject({ reboots: [P0] });
      // The other NIC gets its VFs meanwhile.
      expect(result.pfs.map(({ pciAddress }) => pciAddress)).toEqual([OTHER]);
    }
  });
});

describe('the type of a port', () => {
  it.each<[string, string, FirmwareReading, object]>([
    ['that is changed', P1, firmware(16), { now: [], before: [{ [P1]: { linkTypes: { 2: 'IB' } } }], reboots: [P1] }],
    [
      'that was written',
      P1,
      firmware(16, 16, { linkTypes: { 2: { current: 'ETH', next: 'IB' } } }),
      { ...NOTHING, reboots: [P1] },
    ],
    ['of the first port', P0, firmware(16), { now: [], before: [{ [P0]: { linkTypes: { 1: 'IB' } } }], reboots: [P0] }],
  ])('%s comes with a reboot', (_, pciAddress, reading, expected) => {
    const result = plan([port(pciAddress, 16)], [want(pciAddress, 4, { linkType: 'ib' })], facts(reading));
    expect(outcome(result)).toEqual(expected);
    expect(result.problems).toEqual([]);
  });

  it('is kept where the next start would change it', () => {
    const reading = firmware(16, 16, { linkTypes: { 1: { current: 'ETH', next: 'IB' } } });
    const result = plan([port(P0, 16)], [want(P0, 4, { linkType: 'ETH' })], facts(reading));
    expect(outcome(result)).toEqual({ ...NOTHING, now: [{ [P0]: { linkTypes: { 1: 'ETH' } } }] });
  });

  it.each<[string, string, ObservedFirmware['linkTypes'], RegExp]>([
    ['there is no setting for', P0, {}, /has no setting LINK_TYPE_P1: the NIC has ports of one type only/],
    ['the firmware chooses itself', P1, { 2: { current: 'VPI', next: 'VPI' } }, /has VPI as LINK_TYPE_P2/],
    ['has no number', '0000:5e:00.3', {}, /only the first two functions/],
  ])('that %s is refused, and nothing of its NIC is written', (_, pciAddress, linkTypes, message) => {
    const result = plan(
      [port(pciAddress, 4)],
      [want(pciAddress, 8, { linkType: 'IB' })],
      facts(firmware(4, 4, { linkTypes })),
    );
    expect(outcome(result)).toEqual(NOTHING);
    expect(result.problems).toEqual([{ pciAddress, reason: 'Unsupported', message: expect.stringMatching(message) }]);
  });
});

describe('two ports of one NIC', () => {
  it('are both told why they wait where one of them wants of the firmware what it cannot have', () => {
    const wanted = [want(P0, 8), want(P1, 4, { linkType: 'IB' })];
    const reading = firmware(4, 4, { linkTypes: { 2: { current: 'VPI', next: 'VPI' } } });
    const result = plan([port(P0, 4), port(P1, 4)], wanted, facts(reading));
    expect(outcome(result)).toEqual(NOTHING);
    const message = expect.stringMatching(
      /8 VFs are wanted, and the firmware allows 4;.*another port.*\(0000:5e:00\.1\)/,
    );
    expect(result.problems).toEqual([
      expect.objectContaining({ pciAddress: P1 }),
      { pciAddress: P0, reason: 'Unsupported', message },
    ]);
  });
});

describe('what keeps the firmware as it is', () => {
  const needing = [[port(P0, 4)], [want(P0, 8)]] as const;
  const enough = [[port(P0, 16)], [want(P0, 8)]] as const;
  const asked = (bootId: string, settings = 'SRIOV_EN=True NUM_OF_VFS=8'): Partial<FirmwareFacts> => ({
    awaited: new Map([[CARD, { bootId, settings }]]),
  });

  it.each<[string, FirmwareFacts, string, RegExp]>([
    [
      'disablePlugins',
      facts(undefined, { isOff: 'disablePlugins has mellanox' }),
      'Unsupported',
      /allows 4; disablePlugins has mellanox: set SRIOV_EN=True NUM_OF_VFS=8 with mstconfig, and reboot the node$/,
    ],
    [
      'lockdown',
      facts({ kind: 'locked', lockdown: 'integrity' }),
      'FirmwareLocked',
      /locked down \(integrity\).*Secure Boot.*set SRIOV_EN=True NUM_OF_VFS=8/,
    ],
    [
      'a tool that says nothing',
      facts({ kind: 'unread', cause: 'ENOENT' }),
      'FirmwareUnreadable',
      /could not be read: ENOENT/,
    ],
    ['a DPU', facts(firmware(4, 4, { isDpu: true })), 'Unsupported', /BlueField in DPU mode/],
    [
      'a reboot that did not bring it',
      facts(firmware(4, 8), asked('a')),
      'FirmwareNotApplied',
      /rebooted for SRIOV_EN=True NUM_OF_VFS=8.*NUM_OF_VFS=4 \(8 after its next start\).*mstfwreset.*not rebooted for it again/,
    ],
    ['a reboot at which it was forgotten', facts(firmware(4, 4), asked('a')), 'FirmwareNotApplied', /NUM_OF_VFS=4 /],
  ])('is %s, where it is needed, and only there', (_, known, reason, message) => {
    const result = plan(...needing, known);
    expect(outcome(result)).toEqual(NOTHING);
    expect(result.problems).toEqual([{ pciAddress: P0, reason, message: expect.stringMatching(message) }]);
    const sufficient = plan(...enough, known);
    expect(sufficient.problems).toEqual([]);
    expect(sufficient.pfs).toHaveLength(1);
  });

  it.each<[string, Partial<FirmwareFacts>]>([
    ['the boot in which it was asked for lasts', asked('b')],
    ['something else was asked for', asked('a', 'SRIOV_EN=True NUM_OF_VFS=6')],
    ['nobody knows which boot it is', { ...asked('a'), bootId: undefined as never }],
  ])('is no earlier reboot where %s', (_, known) => {
    expect(outcome(plan(...needing, facts(firmware(4, 8), known)))).toEqual({ ...NOTHING, reboots: [P0] });
  });

  it('is forgotten once it is in force, or wanted no more', () => {
    expect(plan(...enough, facts(undefined, asked('a'))).firmware?.settled).toEqual([CARD]);
    expect(plan([port(P0, 4)], [], facts(undefined, asked('a'))).firmware?.settled).toEqual([CARD]);
    expect(plan(...needing, facts(firmware(4), asked('a'))).firmware?.settled ?? []).toEqual([]);
    // Neither is one that is not seen.
    expect(plan([], [want(P0, 8)], facts(undefined, asked('a'))).firmware?.settled ?? []).toEqual([]);
  });

  it('is that nobody has read it: the reboot is foreseen, and nothing is written', () => {
    const result = plan(...needing);
    expect(outcome(result)).toEqual({ ...NOTHING, reboots: [P0] });
    expect([...(result.firmware?.needed ?? [])]).toEqual([[CARD, P0]]);
    expect([...(plan(...enough).firmware?.optional ?? [])]).toEqual([[CARD, P0]]);
    expect(plan(...needing, facts(undefined, { isOff: 'x' })).firmware).toBeUndefined();
  });

  it.each<[string, Partial<ObservedPf>]>([
    ['its driver shows no interface', { link: undefined } as never],
    ['nothing is bound to it', { driver: undefined } as never],
  ])('is that the PF cannot be used at all: %s', (_, change) => {
    const result = plan([port(P0, 4, change)], [want(P0, 8)], facts(firmware(4)));
    expect(outcome(result)).toEqual(NOTHING);
    expect(result.problems).toHaveLength(1);
  });
});
