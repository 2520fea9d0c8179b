import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BootConfig, bootConfigText } from './boot-config.ts';
import { BOOT_FILES, BOOT_UNITS, WANTED_UNITS } from './boot-files.ts';
import { begun, type BootResult, bootResultText, ended } from './boot-result.ts';
import { bootUnits } from './boot-units.ts';
import {
  bootServiceCondition,
  type BootServiceFacts,
  type BootServiceStep,
  planBootService,
  type PresentBootService,
} from './plan-boot-service.ts';

const config: BootConfig = {
  spec: { interfaces: [{ pciAddress: '0000:01:00.0', numVfs: 4 }] },
  manageSoftwareBridges: false,
  bootId: 'b1',
};
const units = bootUnits({ words: ['/p/node', '/p/main.mjs'], stateFolder: '/etc/sriov-operator' });
const NAMES = Object.values(BOOT_UNITS);

const nothing: PresentBootService = {
  hasSystemd: true,
  refusals: [],
  files: new Map(),
  units: new Map(),
  enabled: [],
  programs: [],
};
const complete: PresentBootService = {
  ...nothing,
  files: new Map([[BOOT_FILES.config, bootConfigText(config)]]),
  units: new Map(units.map(({ name, text }) => [name, text])),
  enabled: ['other.service', ...NAMES],
  programs: ['program-1'],
};
const facts = (present: PresentBootService, change: Partial<BootServiceFacts> = {}): BootServiceFacts => ({
  mode: 'systemd',
  config,
  units,
  program: 'program-1',
  bootId: 'b1',
  present,
  ...change,
});
const withResult = (result: BootResult): PresentBootService => ({
  ...complete,
  files: new Map([...complete.files, [BOOT_FILES.result, bootResultText(result)]]),
});
const kinds = (each: BootServiceFacts): string[] => planBootService(each).steps.map(({ kind }) => kind);

describe('the boot service', () => {
  it.each<[string, BootServiceFacts, readonly string[]]>([
    [
      'is set up: what a unit needs comes before it',
      facts(nothing),
      ['write-boot-config', 'install-boot-program', 'write-boot-units', 'enable-boot-units'],
    ],
    ['is left alone where it is as it should be', facts(complete), []],
    [
      'gets another file where the spec is another one',
      facts(complete, { config: { ...config, spec: {} } }),
      ['write-boot-config'],
    ],
    [
      'gets another program with another release, and the old one goes last',
      facts(complete, { program: 'program-2', units: bootUnits({ words: ['/q'], stateFolder: '/s' }) }),
      ['install-boot-program', 'write-boot-units', 'remove-boot-programs'],
    ],
    ['is switched on again', facts({ ...complete, enabled: [] }), ['enable-boot-units']],
    ['is not set up while nothing is planned', facts(nothing, { config: undefined }), []],
    ['stays as it is while nothing is planned', facts(complete, { config: undefined }), []],
    [
      'takes over from upstream',
      facts({
        ...nothing,
        files: new Map([
          [BOOT_FILES.config, 'spec:\n    interfaces: []\n'],
          [BOOT_FILES.result, 'syncStatus: Succeeded\n'],
          [BOOT_FILES.nicList, '8086 10c9 10ca\n'],
        ]),
        units: new Map(NAMES.map((name) => [name, 'ExecStart=/var/lib/sriov/sriov-network-config-daemon'])),
        enabled: NAMES,
        programs: ['sriov-network-config-daemon', 'something-else'],
      }),
      ['write-boot-config', 'install-boot-program', 'write-boot-units', 'remove-boot-programs', 'remove-boot-files'],
    ],
    [
      'is removed: a unit goes before what it needs',
      facts(complete, { mode: 'daemon' }),
      ['remove-boot-units', 'remove-boot-files', 'remove-boot-programs'],
    ],
    ['is not looked for where there is none', facts(nothing, { mode: 'daemon' }), []],
    ['is not set up without systemd', facts({ ...nothing, hasSystemd: false }), []],
    ['is not set up where /etc is read-only', facts({ ...nothing, refusals: ['/etc/systemd/system (EROFS)'] }), []],
    ['is right where /etc is read-only, and has it', facts({ ...complete, refusals: ['/etc (EROFS)'] }), []],
    [
      'has not run in a boot without a result',
      facts({ ...complete, files: new Map([[BOOT_FILES.config, bootConfigText({ ...config, bootId: 'b0' })]]) }),
      ['write-boot-result'],
    ],
    [
      'is over where its second phase has not begun when the daemon looks',
      facts(withResult({ syncStatus: 'Failed', lastSyncError: 'pre: no ens1', bootId: 'b1' })),
      ['write-boot-result'],
    ],
    ['is over where both phases have run', facts(withResult(ended('post', { bootId: 'b1' }))), []],
    ['is not over while its second phase runs', facts(withResult(begun('post', 'b1'))), []],
    ['is over where its last result is of another boot', facts(withResult(begun('pre', 'b0'))), []],
  ])('%s', (_, each, expected) => {
    expect(kinds(each)).toEqual(expected);
  });

  it('is complete after its plan, and gone after the other, wherever that was cut off', () => {
    const cuts = fc.array(fc.record({ mode: fc.constantFrom('systemd', 'daemon'), steps: fc.nat(4) }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(cuts, (list) => {
        let present: PresentBootService = { ...nothing, enabled: ['other.service'], programs: ['something-else'] };
        for (const { mode, steps } of list) present = after(present, mode, steps);
        const installed = after(present, 'systemd');
        expect(kinds(facts(installed))).toEqual([]);
        expect(after(installed, 'daemon')).toEqual({
          ...nothing,
          enabled: ['other.service'],
          programs: ['something-else'],
        });
      }),
    );
  });
});

/** The host after so many steps of the plan. */
function after(present: PresentBootService, mode: BootServiceFacts['mode'], count = Infinity): PresentBootService {
  return planBootService(facts(present, { mode }))
    .steps.slice(0, count)
    .reduce((host, step) => done(host, step), present);
}

function done(host: PresentBootService, step: BootServiceStep): PresentBootService {
  const without = <T>(map: ReadonlyMap<string, T>, names: readonly string[]): Map<string, T> =>
    new Map([...map].filter(([name]) => !names.includes(name)));
  switch (step.kind) {
    case 'write-boot-result':
      return { ...host, files: new Map(host.files).set(BOOT_FILES.result, step.text) };
    case 'write-boot-config':
      return { ...host, files: new Map(host.files).set(BOOT_FILES.config, step.text) };
    case 'install-boot-program':
      return { ...host, programs: [...host.programs, step.name] };
    case 'write-boot-units':
      return { ...host, units: new Map([...host.units, ...step.units.map(({ name, text }) => [name, text] as const)]) };
    case 'enable-boot-units':
      return { ...host, enabled: [...host.enabled, ...step.names] };
    case 'remove-boot-units':
      return {
        ...host,
        units: without(host.units, step.paths),
        enabled: host.enabled.filter((name) => !step.paths.includes(`${WANTED_UNITS}/${name}`)),
      };
    case 'remove-boot-files':
      return { ...host, files: without(host.files, step.names) };
    case 'remove-boot-programs':
      return { ...host, programs: host.programs.filter((name) => !step.names.includes(name)) };
  }
}

describe('a node says of its boot service', () => {
  const told = (each: BootServiceFacts, failure?: string): unknown =>
    bootServiceCondition(each, { refusal: planBootService(each).refusal, failure });

  it.each<[string, BootServiceFacts, string | undefined, readonly string[]]>([
    ['that it is ready', facts(complete), undefined, ['True', 'BootServiceReady', 'the boot service configures 1 PF']],
    [
      'that the last boot went well',
      facts(withResult(ended('post', { bootId: 'b1' }))),
      undefined,
      ['True', 'BootServiceReady', 'the boot service configures 1 PF'],
    ],
    [
      'nothing of the result of another boot',
      facts(withResult(begun('pre', 'b0'))),
      undefined,
      ['True', 'BootServiceReady', 'the boot service configures 1 PF'],
    ],
    [
      'that a phase was killed',
      facts(withResult(begun('post', 'b1'))),
      undefined,
      ['False', 'BootServiceFailed', 'failed at the last boot: post: it has begun, and has not ended'],
    ],
    [
      'that the second phase is missing',
      facts(withResult(ended('pre', { bootId: 'b1' }))),
      undefined,
      ['False', 'BootServiceFailed', 'post: it has not begun'],
    ],
    [
      'what the second phase has made good',
      facts(withResult(ended('post', { before: 'pre: no ens1', bootId: 'b1' }))),
      undefined,
      ['False', 'BootServiceFailed', 'failed at the last boot: pre: no ens1'],
    ],
    [
      'why it is not there',
      facts({ ...nothing, hasSystemd: false }),
      undefined,
      ['False', 'Unsupported', 'cannot be set up, because systemd does not run this host: the daemon makes the VFs'],
    ],
    [
      'why it is still there',
      facts({ ...complete, refusals: ['/etc/systemd/system (EROFS)'] }, { mode: 'daemon' }),
      undefined,
      ['False', 'Unsupported', 'cannot be removed, because /etc/systemd/system (EROFS) cannot be written: remove'],
    ],
    ['what failed', facts(nothing), 'no space', ['False', 'BootServiceNotSetUp', 'could not be set up: no space']],
  ])('%s', (_, each, failure, [status, reason, part]) => {
    expect(told(each, failure)).toEqual({
      type: 'BootServiceReady',
      status,
      reason,
      message: expect.stringContaining(part ?? ''),
    });
  });

  it('nothing where there is none, and nothing while nothing is known', () => {
    expect(told(facts(nothing, { mode: 'daemon' }))).toBeNull();
    expect(told(facts(nothing, { config: undefined }))).toBeUndefined();
  });
});
