import { describe, expect, it } from '@jest/globals';
import { originalArguments } from './original-arguments.ts';

describe('originalArguments', () => {
  it.each([
    [
      ['--log-level=10', '--resource-prefix=a.b', '--config-file=/etc/pcidp/n'],
      ['--log-level=debug', '--resource-prefix=a.b', '--config-file=/etc/pcidp/n'],
    ],
    [['--log-level=2'], ['--log-level=info']],
    [['--log-level=warn'], ['--log-level=warn']],
    [['--log-dir=sriovdp', '--use-cdi'], ['--use-cdi']],
    [
      ['-use-cdi', '-config-file=/a=b'],
      ['--use-cdi', '--config-file=/a=b'],
    ],
    [
      ['--resource-prefix', 'a.b'],
      ['--resource-prefix', 'a.b'],
    ],
  ])('turns %j into %j', (argv, expected) => {
    expect(originalArguments(argv)).toEqual(expected);
  });
});
