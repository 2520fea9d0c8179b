import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type REASON } from '@sriov/api';
import { testPf } from '../test/test-host.ts';
import { bootConfigOf, bootConfigText, type BootWish, readBootConfig, saysSame } from './boot-config.ts';

const PF = '0000:01:00.0';
const entry = (numVfs: number, pciAddress = PF): DesiredInterface => ({ pciAddress, numVfs });

const bridges = { ovs: [{ name: 'br0' }] };
const wish = (change: Partial<BootWish> = {}): BootWish => ({
  spec: { interfaces: [entry(4)] },
  observed: { interfaces: [testPf()], problems: [] },
  owned: new Map(),
  problems: [],
  manageSoftwareBridges: false,
  bootId: 'b1',
  ...change,
});
const made = (change: Partial<BootWish>): object => bootConfigOf(wish(change)).spec;
const refused = (reason: (typeof REASON)['hostInterface' | 'vfInUse']): BootWish['problems'] => [
  { pciAddress: PF, reason, message: 'm' },
];

describe('what is made at the next boot', () => {
  it.each<[string, Partial<BootWish>, object]>([
    ['is what the spec wants', {}, { interfaces: [entry(4)] }],
    ['is what waits for VFs in use, too', { problems: refused('VirtualFunctionInUse') }, { interfaces: [entry(4)] }],
    ['is not a PF that the host itself uses', { problems: refused('HostInterface') }, { interfaces: [] }],
    [
      'is such a PF as it was last',
      { problems: refused('HostInterface'), owned: new Map([[PF, entry(2)]]) },
      { interfaces: [entry(2)] },
    ],
    [
      'is not a port of a virtual machine',
      { observed: { interfaces: [testPf([], { port: { network: 'n' } as never })], problems: [] } },
      { interfaces: [] },
    ],
    [
      'has the RDMA mode',
      { spec: { system: { rdmaMode: 'shared' } } },
      { interfaces: [], system: { rdmaMode: 'shared' } },
    ],
    ['has no bridges where they are left alone', { spec: { bridges } }, { interfaces: [] }],
    ['has them where they are not', { spec: { bridges }, manageSoftwareBridges: true }, { interfaces: [], bridges }],
  ])('%s', (_, change, expected) => {
    expect(made(change)).toEqual(expected);
  });
});

describe('the file of the boot service', () => {
  const config = bootConfigOf(wish());

  it('is read as it was written', () => {
    expect(readBootConfig(bootConfigText(config))).toEqual(config);
  });

  it.each([
    ['is of upstream', 'spec:\n    interfaces: []\n', 'it is not JSON'],
    ['is empty', '', 'it is not JSON'],
    ['is cut off', bootConfigText(config).slice(0, 40), 'it is not JSON'],
    ['is something else', '{"spec": 1}', 'it is no configuration of the boot service'],
  ])('cannot be used when it %s', (_, text, fault) => {
    expect(readBootConfig(text)).toBe(fault);
    expect(saysSame(text, config)).toBe(false);
  });

  it('says the same whenever it was written, and nothing when it is not there', () => {
    expect(saysSame(bootConfigText({ ...config, bootId: 'b0' }), config)).toBe(true);
    expect(saysSame(bootConfigText(bootConfigOf(wish({ spec: {} }))), config)).toBe(false);
    expect(saysSame(undefined, config)).toBe(false);
  });
});
