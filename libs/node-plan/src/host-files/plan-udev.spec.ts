import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedHost, type ObservedPf, type ObservedUdev, type UdevFile } from '@sriov/observed-host';
import { planHost } from '../planning/plan-host.ts';
import { type HostPlan } from '../planning/steps.ts';
import { PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';
import { describePlan } from '../words/describe-plan.ts';
import { networkManagerRule, pfNameRule, rulePath, scriptOf, UPSTREAM_LEFTOVER } from './udev-files.ts';

const NM = networkManagerRule(PF, ['10ca']);
const NM_SCRIPT = scriptOf('networkManager') ?? NM;
const NAME_SCRIPT = scriptOf('representors') ?? NM;
const ENTRY: DesiredInterface = { pciAddress: PF, name: 'ens1', numVfs: 2 };
const SWITCHDEV: DesiredInterface = { ...ENTRY, eSwitchMode: 'switchdev' };

/** udev that runs, with the files. */
function udevWith(
  files: Readonly<Record<string, UdevFile | string>>,
  change: Partial<ObservedUdev> = {},
): ObservedUdev {
  const entries = Object.entries(files).map(([path, file]) =>
    typeof file === 'string' ? ([path, { content: file, isExecutable: false }] as const) : ([path, file] as const),
  );
  return { isRunning: true, files: new Map(entries), ...change };
}

const COMPLETE = { [NM.path]: NM, [NM_SCRIPT.path]: NM_SCRIPT };

/** A PF with its two VFs, in switchdev mode or not. */
function pfWith(change: Partial<ObservedPf> = {}): ObservedPf {
  const pf = testPf([testVf(0), testVf(1)], change);
  return { ...pf, sriov: { totalVfs: 7, autoprobe: true, vfs: pf.sriov?.vfs ?? [], vfDeviceId: '10ca' } };
}

/** The plan of a host that is as the entry wants it but for udev. */
function plan(
  udev: ObservedUdev | undefined,
  { entry, pf = pfWith() }: { readonly entry?: DesiredInterface | undefined; readonly pf?: ObservedPf },
  owned: DesiredInterface = ENTRY,
): HostPlan {
  const observed: ObservedHost = { interfaces: [pf], problems: [], ...(udev && { udev }) };
  const facts = testFacts([pf], entry === undefined ? [] : [entry], { observed, owned: new Map([[PF, owned]]) });
  return planHost({ ...facts, plannedFrom: new Set([PF]) });
}

const filesOf = ({ udev = [] }: HostPlan): string[] =>
  udev.flatMap(({ step }) => [
    ...(step.kind === 'write-udev-rules' ? step.files.map(({ path }) => `+ ${path}`) : []),
    ...(step.kind === 'remove-udev-rules' ? step.paths.map((path) => `- ${path}`) : []),
  ]);

const inSwitchdev = (): ObservedPf =>
  pfWith({ eSwitchMode: 'switchdev', switchPort: { switchId: 'c0ffee', portName: 'p0' } });

describe('the files of udev', () => {
  it.each<[string, ObservedUdev, Parameters<typeof plan>[1], string[]]>([
    ['are written where there are none', udevWith({}), { entry: ENTRY }, [`+ ${NM_SCRIPT.path}`, `+ ${NM.path}`]],
    ['stay as they are where they are right', udevWith(COMPLETE), { entry: ENTRY }, []],
    [
      'are written again where the text is another one',
      udevWith({ ...COMPLETE, [NM.path]: 'half' }),
      { entry: ENTRY },
      [`+ ${NM.path}`],
    ],
    [
      'are written again where nobody can run the program',
      udevWith({ ...COMPLETE, [NM_SCRIPT.path]: NM_SCRIPT.content }),
      { entry: ENTRY },
      [`+ ${NM_SCRIPT.path}`],
    ],
    [
      'are there before the VFs are',
      udevWith({}),
      { entry: ENTRY, pf: { ...pfWith(), sriov: { totalVfs: 7, autoprobe: true, vfs: [], vfDeviceId: '10ca' } } },
      [`+ ${NM_SCRIPT.path}`, `+ ${NM.path}`],
    ],
    ['wait for VFs whose device id nobody knows', udevWith({}), { entry: ENTRY, pf: testPf([]) }, []],
    [
      'go where others manage the VFs',
      udevWith(COMPLETE),
      { entry: { ...ENTRY, externallyManaged: true } },
      [`- ${NM.path}`],
    ],
    ['go with the PF', udevWith(COMPLETE), {}, [`- ${NM.path}`]],
    [
      'of an upstream of long ago go',
      udevWith({ ...COMPLETE, [UPSTREAM_LEFTOVER]: 'old' }),
      { entry: ENTRY },
      [`- ${UPSTREAM_LEFTOVER}`],
    ],
    [
      'for switchdev mode go in legacy mode',
      udevWith({ ...COMPLETE, [rulePath('pfName', PF)]: 'a', [rulePath('representors', PF)]: 'b' }),
      { entry: ENTRY },
      [`- ${rulePath('pfName', PF)}`, `- ${rulePath('representors', PF)}`],
    ],
    [
      'of representors are written once the PF names its switch',
      udevWith({ ...COMPLETE, [rulePath('pfName', PF)]: pfNameRule(PF, 'ens1') }),
      { entry: SWITCHDEV, pf: inSwitchdev() },
      [`+ ${NAME_SCRIPT.path}`, `+ ${rulePath('representors', PF)}`],
    ],
    [
      'have the name that the PF has now, not the one that the policy knows it by',
      udevWith({ ...COMPLETE, [rulePath('pfName', PF)]: pfNameRule(PF, 'ens1') }),
      { entry: SWITCHDEV, pf: { ...inSwitchdev(), link: testLink({ name: 'eth7' }) } },
      [`+ ${rulePath('pfName', PF)}`, `+ ${NAME_SCRIPT.path}`, `+ ${rulePath('representors', PF)}`],
    ],
  ])('%s', (_, udev, wish, expected) => {
    expect(filesOf(plan(udev, wish))).toEqual(expected);
  });

  it('are none of the daemon’s business where nobody looked at them', () => {
    expect(plan(undefined, { entry: ENTRY })).toMatchObject({ pfs: [], problems: [] });
    expect(plan(undefined, { entry: ENTRY }).udev).toBeUndefined();
  });

  it.each<[string, Partial<ObservedUdev>, RegExp]>([
    ['that nobody can write', { refusal: '/etc/udev/rules.d cannot be written (EROFS)' }, /are not written.*EROFS/],
    ['that nobody would read', { isRunning: false }, /are not written.*no udev runs/],
  ])('%s are a warning, and keep nothing else from being done', (_, change, warning) => {
    const { udev, warnings, pfs, problems } = plan(udevWith({}, change), { entry: { ...ENTRY, numVfs: 3 } });
    expect([udev, problems]).toEqual([undefined, []]);
    expect(pfs).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('that nobody can remove are a warning, and the PF is given back all the same', () => {
    const pf = { ...pfWith(), sriov: { totalVfs: 7, autoprobe: true, vfs: [] } };
    const { released, warnings } = plan(udevWith(COMPLETE, { refusal: 'EROFS' }), { pf });
    expect(released).toEqual([PF]);
    expect(warnings).toEqual([expect.stringContaining('are not removed, because EROFS')]);
  });

  it('keep a PF from being forgotten as long as they are there', () => {
    const pf = { ...pfWith(), sriov: { totalVfs: 7, autoprobe: true, vfs: [] } };
    expect(plan(udevWith(COMPLETE), { pf }).released).toEqual([]);
    expect(plan(udevWith({ [NM_SCRIPT.path]: NM_SCRIPT }), { pf }).released).toEqual([PF]);
  });

  it.each<[string, ObservedUdev]>([
    ['nobody can tell', udevWith({}, { isRunning: false, isUnseen: true, refusal: 'EIO' })],
    ['udev does not run, as while it starts again', udevWith(COMPLETE, { isRunning: false })],
  ])('keep a PF from being forgotten where %s: nobody would remove them afterwards', (_, udev) => {
    const pf = { ...pfWith(), sriov: { totalVfs: 7, autoprobe: true, vfs: [] } };
    expect(plan(udev, { pf }).released).toEqual([]);
  });

  it('stay while a VF of a PF that nobody wants any more is in use', () => {
    const used = testVf(0, { uses: [{ kind: 'namespace' }] });
    expect(plan(udevWith(COMPLETE), { pf: testPf([used]) }).udev).toBeUndefined();
  });

  it('stand in the plan with the reason', () => {
    expect(describePlan(plan(udevWith({}), { entry: ENTRY }))).toEqual([
      `udev, for ens1 (${PF}):`,
      `  because the program ${NM_SCRIPT.path} that a rule of udev calls is not as it should be`,
      '  because no rule of udev keeps NetworkManager off the VFs of the PF',
      `  write /etc/udev/${NM_SCRIPT.path}, /etc/udev/${NM.path}`,
    ]);
  });
});
