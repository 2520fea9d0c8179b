import { describe, expect, it } from '@jest/globals';
import { readFlags } from './flags.ts';

describe('readFlags', () => {
  it('takes the fleet of the bars unless told otherwise', () => {
    expect(readFlags([])).toMatchObject({ nodes: 1_000, nics: 8, vfs: 16, policies: 50, changes: 100, rounds: 3 });
    expect(readFlags(['--nodes', '5000', '--json'])).toMatchObject({ nodes: 5_000, json: true });
  });

  it('gives no flags when help is asked for', () => {
    expect(readFlags(['--help'])).toBeUndefined();
  });

  it.each([
    [['--nodes', 'many'], '--nodes: "many" is not a number of at least 1'],
    [['--nodes', '0'], '--nodes: "0" is not a number of at least 1'],
    [['--policies', '2'], '--policies: "2" is not a number of at least 3'],
    [['--speed', '9'], "Unknown option '--speed'"],
  ])('refuses %j', (args, message) => {
    expect(() => readFlags(args)).toThrow(message);
  });
});
