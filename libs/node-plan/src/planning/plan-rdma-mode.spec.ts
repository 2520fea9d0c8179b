import { describe, expect, it } from '@jest/globals';
import { type ObservedRdmaConfig, type RdmaMode } from '@sriov/observed-host';
import { testFacts, testPf } from '../test/test-host.ts';
import { describePlan } from '../words/describe-plan.ts';
import { planHost } from './plan-host.ts';
import { planRdmaMode, type RdmaModeResult } from './plan-rdma-mode.ts';

const EXCLUSIVE = '# This file is managed by sriov-network-operator do not edit.\noptions ib_core netns_mode=0\n';
const SHARED = EXCLUSIVE.replace('=0', '=1');

interface Given {
  readonly wanted?: RdmaMode;
  readonly present?: RdmaMode;
  readonly config?: Partial<ObservedRdmaConfig> | undefined;
  readonly held?: RdmaMode;
}

function plan({ wanted, present, held, ...rest }: Given): RdmaModeResult {
  const config = 'config' in rest ? rest.config : {};
  const observed = {
    ...(present !== undefined && { rdmaMode: present }),
    ...(config && { rdmaConfig: { others: [], ...config } }),
  };
  return planRdmaMode({ wanted, observed, held });
}

const steps = (result: RdmaModeResult): string[] =>
  result.steps.map((step) => ('mode' in step ? `${step.kind} ${step.mode}` : step.kind));

describe('the RDMA mode of a node', () => {
  it.each<[string, Given, string[]]>([
    ['is left alone where no pool wants one', { present: 'exclusive' }, []],
    [
      'is written for the next start, and switched',
      { wanted: 'exclusive', present: 'shared' },
      ['write-rdma-mode-file exclusive', 'set-rdma-mode exclusive'],
    ],
    [
      'is written for the next start where the kernel has it',
      { wanted: 'shared', present: 'shared' },
      ['write-rdma-mode-file shared'],
    ],
    [
      'is written where there is no RDMA core, for the time when there is',
      { wanted: 'exclusive' },
      ['write-rdma-mode-file exclusive'],
    ],
    ['is not written again', { wanted: 'exclusive', present: 'exclusive', config: { file: EXCLUSIVE } }, []],
    [
      'is not written again where it comes without its last line feed',
      { wanted: 'exclusive', present: 'exclusive', config: { file: EXCLUSIVE.trim() } },
      [],
    ],
    [
      'is switched back where somebody has switched it',
      { wanted: 'exclusive', present: 'shared', config: { file: EXCLUSIVE } },
      ['set-rdma-mode exclusive'],
    ],
    [
      'is written anew when another one is wanted',
      { wanted: 'shared', present: 'shared', config: { file: EXCLUSIVE } },
      ['write-rdma-mode-file shared'],
    ],
    [
      'leaves with its file, and stays in the running kernel',
      { present: 'exclusive', config: { file: EXCLUSIVE } },
      ['remove-rdma-mode-file'],
    ],
    ['of upstream leaves with its file', { config: { file: SHARED } }, ['remove-rdma-mode-file']],
    [
      'of a file that the operator has not written stays where no pool wants one',
      { config: { file: 'options ib_core netns_mode=0\n' } },
      [],
    ],
    [
      'is not switched a second time',
      { wanted: 'exclusive', present: 'shared', config: { file: EXCLUSIVE }, held: 'exclusive' },
      [],
    ],
    [
      'is switched to another mode than the one that was refused',
      { wanted: 'shared', present: 'exclusive', config: { file: SHARED }, held: 'exclusive' },
      ['set-rdma-mode shared'],
    ],
    [
      'is switched where nobody has looked at the file',
      { wanted: 'shared', present: 'exclusive', config: undefined },
      ['set-rdma-mode shared'],
    ],
  ])('%s', (_, given, expected) => {
    const result = plan(given);
    expect(steps(result)).toEqual(expected);
    expect(result.because).toHaveLength(expected.length);
  });

  it('has exactly the file of upstream', () => {
    expect(plan({ wanted: 'exclusive', present: 'exclusive' }).steps).toMatchObject([{ content: EXCLUSIVE }]);
    expect(plan({ wanted: 'shared', present: 'shared' }).steps).toMatchObject([{ content: SHARED }]);
  });

  const ARGUMENT = { where: 'the command line of the kernel', words: 'ib_core.netns_mode=1', mode: 'shared' } as const;

  it.each<[string, Given, [string, RegExp]]>([
    [
      'a kernel argument stands against it',
      { wanted: 'exclusive', present: 'shared', config: { file: EXCLUSIVE, others: [ARGUMENT] }, held: 'exclusive' },
      [
        'RdmaModePending',
        /the command line of the kernel has "ib_core.netns_mode=1", which makes the RDMA mode shared.*remove it$/,
      ],
    ],
    [
      'somebody else’s file has the name',
      { wanted: 'exclusive', present: 'exclusive', config: { file: 'options mlx5_core prof_sel=3' } },
      [
        'Unsupported',
        /modules_config.conf, .* is left as it is, because it holds something that the operator has not written/,
      ],
    ],
    [
      'the file cannot be read',
      { wanted: 'exclusive', present: 'exclusive', config: { fault: 'read x: EIO' } },
      ['Unsupported', /because it cannot be read: read x: EIO/],
    ],
  ])('says that %s', (_, given, [reason, message]) => {
    const result = plan(given);
    expect(result.problems).toEqual([{ reason, message: expect.stringMatching(message) }]);
    expect([result.steps, result.warnings]).toEqual([[], []]);
  });

  it('comes with a reboot where the running kernel does not switch, and nothing stands against that', () => {
    const result = plan({ wanted: 'exclusive', present: 'shared', config: { file: EXCLUSIVE }, held: 'exclusive' });
    expect(result.needsReboot).toEqual([
      { kind: 'rdma-mode', why: expect.stringMatching(/^RDMA mode exclusive is wanted, .* has shared: .*\(EBUSY\)/) },
    ]);
    expect([result.problems, result.steps]).toEqual([[], []]);
  });

  it('comes with no reboot while its file is not there, and says what helps', () => {
    const config = { fault: 'read x: EIO' };
    const { problems, needsReboot } = plan({ wanted: 'exclusive', present: 'shared', config, held: 'exclusive' });
    expect(needsReboot).toEqual([]);
    expect(problems.map(({ reason }) => reason)).toEqual(['Unsupported', 'RdmaModePending']);
    expect(problems[1]?.message).toMatch(/\(EBUSY\).*drain the node and reboot it.*initramfs/);
  });

  it('warns of what stands against it at the next boot, and of nothing else', () => {
    const agreeing = { ...ARGUMENT, words: 'ib_core.netns_mode=0', mode: 'exclusive' } as const;
    const config = { file: EXCLUSIVE, others: [agreeing, ARGUMENT] };
    const result = plan({ wanted: 'exclusive', present: 'exclusive', config });
    expect(result.warnings).toEqual([expect.stringContaining('has "ib_core.netns_mode=1"')]);
    expect([result.steps, result.problems]).toEqual([[], []]);
  });

  it('stands in the plan of the node, with the reason', () => {
    const observed = { interfaces: [testPf()], problems: [], rdmaMode: 'shared', rdmaConfig: { others: [] } } as const;
    const spec = { system: { rdmaMode: 'exclusive' as const } };
    expect(describePlan(planHost(testFacts([], [], { spec, observed })))).toEqual([
      'the node:',
      '  because /etc/modprobe.d/sriov_network_operator_modules_config.conf does not have the kernel start with the RDMA mode exclusive',
      '  because the RDMA mode is shared, and exclusive is wanted',
      '  write the file /etc/modprobe.d/sriov_network_operator_modules_config.conf, for the RDMA mode exclusive',
      '  switch the RDMA mode of the running kernel to exclusive',
    ]);
    expect(planHost(testFacts([], [], { spec, observed, plannedFrom: undefined })).node).toBeUndefined();
  });
});
