import { describe, expect, it } from '@jest/globals';
import { readSupportedNics } from './supported-nics.ts';

describe('readSupportedNics', () => {
  it('serves the built-in list without a ConfigMap', () => {
    const { nics } = readSupportedNics(undefined);
    expect(nics.vfDevice({ vendor: '8086', pfDevice: '10c9' })).toBe('10ca');
    expect(nics.vfDevice({ pfDevice: '101d' })).toBe('101e');
    expect(nics.knows({ vendor: '15b3' })).toBe(true);
    expect(nics.knows({ vendor: '15b3', pfDevice: '1592' })).toBe(false);
  });

  it('reads entries of any case and spacing', () => {
    const { nics, problems } = readSupportedNics({ Mine: ' 8086  1521 1520\n', Other: '15B3 101D 101E' });
    expect([nics.vfDevice({ pfDevice: '1521' }), nics.vfDevice({ pfDevice: '101d' }), problems]).toEqual([
      '1520',
      '101e',
      [],
    ]);
  });

  it('names a malformed entry and reads the others', () => {
    const { nics, problems } = readSupportedNics({ MyNIC: '8086 1521', Good: '8086 1521 1520' });
    expect(nics.knows({ pfDevice: '1521' })).toBe(true);
    expect(problems).toEqual([
      {
        kind: 'ConfigMap',
        name: 'supported-nic-ids',
        reason: 'NicListInvalid',
        message: 'entry MyNIC: "8086 1521" is not of the form "vendor pfDevice vfDevice", such as "8086 1521 1520"',
      },
    ]);
  });
});
