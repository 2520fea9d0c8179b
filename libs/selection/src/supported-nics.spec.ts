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

describe('an entry of the ConfigMap', () => {
  it.each(['8086 1521 1520 1', 'x8086 1521 1520', '8086 1521', '8086 1521 152g', '', '80861521 1520'])(
    'is malformed as "%s"',
    (entry) => {
      const { nics, problems } = readSupportedNics({ Mine: entry });
      expect(problems.map(({ message }) => message.split(':')[0])).toEqual(['entry Mine']);
      expect(nics.knows({})).toBe(false);
    },
  );

  it('is read in the order of the keys, whatever order they are in', () => {
    const data = { b: '8086 1521 0002', a: '8086 1521 0001', d: 'bad', c: 'bad' };
    const { nics, problems } = readSupportedNics(data);
    expect(nics.vfDevice({ pfDevice: '1521' })).toBe('0001');
    expect(problems.map(({ message }) => message.slice(0, 7))).toEqual(['entry c', 'entry d']);
  });
});

describe('the models', () => {
  const { nics } = readSupportedNics({
    a: '8086 1592 1889',
    b: '8086 1521 1889',
    c: '15b3 101d 1889',
    d: '15b3 101d 101e',
  });

  it('tell the VF of a model that they know, and none of others', () => {
    expect(nics.vfDevice({ pfDevice: '1592' })).toBe('1889');
    expect(nics.vfDevice({ pfDevice: 'ffff' })).toBeUndefined();
  });

  it.each<[string, string | undefined, string | undefined, boolean]>([
    ['of both ids', '15b3', '101e', true],
    ['not of the id of another vendor', '8086', '101e', false],
    ['not of the vendor alone', '8086', 'ffff', false],
    ['not of no ids', undefined, undefined, false],
  ])('know a VF %s', (_, vendor, vfDevice, isKnown) => {
    expect(nics.knowsVf(vendor, vfDevice)).toBe(isKnown);
  });

  it.each<[string, string, string | undefined, string[]]>([
    ['every vendor', '1889', undefined, ['101d', '1521', '1592']],
    ['one vendor', '1889', '8086', ['1521', '1592']],
    ['a VF that nobody has', 'ffff', undefined, []],
  ])('tell the PFs of a VF, in order and each once: %s', (_, vfDevice, vendor, pfDevices) => {
    expect(nics.pfDevicesOf(vfDevice, vendor)).toEqual(pfDevices);
  });
});
