import { expect, it } from '@jest/globals';
import { describeRestart } from './describe-restart.ts';
import { foreseeRestart } from './end-pass.ts';

const CONFIG = '  because the configuration of the device plugin has changed';

it.each<[string, { configHash?: string; because?: readonly string[]; unsettled?: readonly string[] }, string[]]>([
  ['nothing', {}, []],
  ['nothing, whatever is not settled', { unsettled: ['0000:01:00.0'] }, []],
  ['a restart', { configHash: 'b' }, ['restart the device plugin:', CONFIG]],
  [
    'a restart for several reasons',
    { configHash: 'b', because: ['ens1: the number of VFs becomes 4'] },
    ['restart the device plugin:', '  because ens1: the number of VFs becomes 4', CONFIG],
  ],
  [
    'a restart that PFs delay',
    { configHash: 'b', unsettled: ['0000:01:00.0', ''] },
    [
      'restart the device plugin later:',
      CONFIG,
      '  not before 0000:01:00.0 is settled',
      '  not before the node is settled',
    ],
  ],
])('a dry run tells of %s', (_, { configHash = 'a', because = [], unsettled = [] }, lines) => {
  const decision = foreseeRestart({ record: { configHash: 'a' }, because, configHash, unsettled, learns: false });
  expect(describeRestart(decision, unsettled)).toEqual(lines);
});
