import { describe, expect, it } from '@jest/globals';
import { OPERATOR_VERSION } from '@sriov/api';
import { z } from 'zod';
import { ServiceError } from './service-error.ts';
import { readSettings } from './settings.ts';

const definition = {
  program: 'pump',
  summary: 'moves water',
  schema: z.object({
    nodeName: z.string().min(1).describe('Node that the pump stands on'),
    rate: z.number().int().min(1).default(5).describe('Litres a second'),
    dryRun: z.boolean().default(false).describe('Only say what would be done'),
    valves: z.array(z.string()).optional().describe('Valves to open'),
  }),
};

const read = (argv: string[], env: Record<string, string> = {}): unknown => {
  const result = readSettings(definition, { argv, env });
  return 'settings' in result ? result.settings : result.text;
};

describe('readSettings', () => {
  it.each([
    ['a flag', ['--node-name', 'a'], {}, { nodeName: 'a', rate: 5, dryRun: false }],
    ['an environment variable', [], { NODE_NAME: 'a' }, { nodeName: 'a', rate: 5, dryRun: false }],
    ['the flag before the variable', ['--node-name=b'], { NODE_NAME: 'a' }, { nodeName: 'b', rate: 5, dryRun: false }],
    ['a number as text', ['--node-name=a'], { RATE: '7' }, { nodeName: 'a', rate: 7, dryRun: false }],
    ['a switch', ['--node-name=a', '--dry-run'], {}, { nodeName: 'a', rate: 5, dryRun: true }],
    [
      'a switch turned off',
      ['--node-name=a', '--no-dry-run'],
      { DRY_RUN: 'TRUE' },
      { nodeName: 'a', rate: 5, dryRun: false },
    ],
    ['a list', ['--node-name=a', '--valves=x, y'], {}, { nodeName: 'a', rate: 5, dryRun: false, valves: ['x', 'y'] }],
    ['an empty variable as absent', ['--node-name=a'], { RATE: '' }, { nodeName: 'a', rate: 5, dryRun: false }],
  ])('reads %s', (_, argv, env, settings) => {
    expect(read(argv, env as Record<string, string>)).toEqual(settings);
  });

  it('lists every problem at once and asks for exit code 2', () => {
    const failure = (() => {
      try {
        return read([], { RATE: 'fast', DRY_RUN: 'perhaps' });
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ServiceError);
    expect(failure).toMatchObject({ code: 'SETTINGS_INVALID', exitCode: 2 });
    expect((failure as Error).message.split('\n').sort()).toEqual([
      '  --dry-run (or DRY_RUN): "perhaps" is not true or false',
      '  --node-name (or NODE_NAME): is required',
      '  --rate (or RATE): "fast" is not a number',
      'pump --help lists all settings.',
      'pump: wrong settings:',
    ]);
  });

  it.each([
    ['a flag that does not exist', ['--speed=3'], '--speed: there is no such setting'],
    ['the opposite of what is no switch', ['--no-rate'], '--no-rate: there is no such setting'],
    ['a word that is no flag', ['fast'], '"fast": only flags are taken'],
    ['a switch with a value', ['--dry-run=yes'], '--dry-run: takes no value'],
    ['a flag at the end without its value', ['--rate'], '--rate: needs a value'],
    ['a flag without its value before another', ['--rate', '--dry-run'], '--rate: needs a value'],
  ])('refuses %s, and goes on to the other problems', (_, argv, problem) => {
    const lines = (() => {
      try {
        return read(argv);
      } catch (error) {
        return (error as Error).message.split('\n');
      }
    })();
    expect(lines).toEqual([
      'pump: wrong settings:',
      `  ${problem}`,
      '  --node-name (or NODE_NAME): is required',
      'pump --help lists all settings.',
    ]);
  });

  it('takes a negative number as a value, and says that it is too small', () => {
    expect(() => read(['--node-name=a', '--rate', '-3'])).toThrow(/--rate \(or RATE\): .*>=1/);
  });

  it('says what is wrong with settings that do not go together', () => {
    const schema = definition.schema.refine(({ dryRun, valves }) => !dryRun || valves, '--dry-run needs --valves');
    expect(() => readSettings({ ...definition, schema }, { argv: ['--node-name=a', '--dry-run'], env: {} })).toThrow(
      'pump: wrong settings:\n  --dry-run needs --valves\npump --help',
    );
  });

  it('says which bound a value breaks', () => {
    expect(() => read(['--node-name=a', '--rate=0'])).toThrow(/--rate \(or RATE\): .*>=1/);
  });

  it('tells which version it is, and on which Node.js', () => {
    expect(read(['--version'])).toBe(`pump ${OPERATOR_VERSION}, Node.js ${process.version}\n`);
  });

  it('derives the help from the schema', () => {
    expect(read(['--help'])).toContain('--rate VALUE       RATE       Litres a second (default 5)');
    expect(read(['--help'])).toContain('Node that the pump stands on (required)');
  });
});
