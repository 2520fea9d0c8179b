import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type VfRange } from '@sriov/api';
import { preparePolicies, type ReadablePolicy } from '@sriov/selection';
import { nic, policy } from '@sriov/testing/objects';
import { isSound } from './is-sound.ts';
import { type PfForPlugin } from './pf-for-plugin.ts';
import { NO_SELECTORS, type Selectors } from './selectors.ts';

function readable(name: string, spec: Partial<NodePolicySpec> = {}): ReadablePolicy {
  const [prepared] = preparePolicies([policy(name, spec)]).prepared;
  if (prepared?.kind !== 'readable') throw new Error(`${name} cannot be read`);
  return prepared;
}

/** A PF with 8 VFs, of which the plan gives these ranges to the policies. */
function pfWith(given: Readonly<Record<string, VfRange[]>>, rest: Partial<PfForPlugin> = {}): PfForPlugin {
  return {
    nic: nic('ens2f0', '0000:3b:00.0'),
    numVfs: 8,
    vfDevice: '1889',
    linkType: 'ether',
    isPlanned: true,
    isUnknown: false,
    given: new Map(
      Object.entries(given).map(([name, ranges]) => [
        name,
        ranges.map((range) => ({ range, group: { resourceName: 'r' } })),
      ]),
    ),
    ...rest,
  };
}

const UNKNOWN = { isUnknown: true };
const AS_IT_IS = { nic: nic('ens2f0', '0000:3b:00.0'), vfDevice: '1889', linkType: 'ether' };
const ALL: VfRange[] = [{ first: 0, last: 7 }];
const HALF: VfRange[] = [{ first: 0, last: 3 }];
const isRight = (selectors: Partial<Selectors>, pf: PfForPlugin, ...policies: ReadablePolicy[]): boolean => {
  const whole = { ...NO_SELECTORS, ...selectors };
  const members = (policies.length === 0 ? [readable('a')] : policies).map((each) => ({
    policy: each,
    selectors: whole,
  }));
  return isSound([whole], { members, pfs: [pf], present: [] });
};

describe('selectors are right', () => {
  it.each<[string, Partial<Selectors>, PfForPlugin]>([
    ['when they hand out all VFs, and all are wanted', { vendors: ['8086'] }, pfWith({ a: ALL })],
    ['when they hand out the wanted VFs', { pfNames: ['ens2f0#0-3'] }, pfWith({ a: HALF })],
    ['when they hand out none, and none is wanted', { pfNames: ['ens9'] }, pfWith({})],
    ['when they hand out none, and all VFs are those of others', { pfNames: ['ens9'] }, pfWith({ a: [] })],
    [
      'when they hand out none of the VFs of which nobody knows whose they are',
      { pfNames: ['ens9'] },
      pfWith({ a: ALL }, UNKNOWN),
    ],
    [
      'when they hand out no other VFs of a PF that may stay as it is',
      { pfNames: ['ens2f0#0-3'] },
      pfWith({ a: HALF }, { asItIs: { ...AS_IT_IS, numVfs: 6 } }),
    ],
    [
      'when they hand out what is there of the VFs that are given',
      { vendors: ['8086'] },
      pfWith({ a: ALL }, { asItIs: { ...AS_IT_IS, numVfs: 2 } }),
    ],
    [
      'when all entries of a PF say the same as the first',
      { pfNames: ['ens2f0#0-3', 'ens2f0#1-2'] },
      pfWith({ a: HALF }),
    ],
    ['by a device id that the VFs of a PF have', { devices: ['1889'] }, pfWith({ a: ALL })],
    [
      'by a device id that is unknown on a PF without planned VFs: it does not fit',
      { devices: ['1889'] },
      pfWith({}, { vfDevice: undefined, isPlanned: false }),
    ],
  ])('%s', (_, selectors, pf) => {
    expect(isRight(selectors, pf)).toBe(true);
  });
});

describe('selectors are wrong', () => {
  it.each<[string, Partial<Selectors>, PfForPlugin]>([
    ['when they hand out more than is wanted', { vendors: ['8086'] }, pfWith({ a: HALF })],
    ['when they hand out less than is wanted', { pfNames: ['ens2f0#0-3'] }, pfWith({ a: ALL })],
    ['when they hand out what nobody wants', { vendors: ['8086'] }, pfWith({})],
    ['when they hand out VFs of others', { vendors: ['8086'] }, pfWith({ a: [] })],
    ['when they hand out VFs of unknown origin that they do not mean', { vendors: ['8086'] }, pfWith({}, UNKNOWN)],
    [
      'when they hand out further VFs of a PF that may stay as it is',
      { vendors: ['8086'] },
      pfWith({ a: ALL }, { asItIs: { ...AS_IT_IS, numVfs: 10 } }),
    ],
    [
      'when they hand out the PF itself, should it get no VFs',
      { vendors: ['8086'] },
      pfWith({ a: ALL }, { asItIs: { ...AS_IT_IS, numVfs: 0 } }),
    ],
    [
      'when all entries of a PF say more than the first',
      { pfNames: ['ens2f0#0-3', 'ens2f0#4-5'] },
      pfWith({ a: HALF }),
    ],
    ['when a device id may be that of planned VFs', { devices: ['1889'] }, pfWith({ a: ALL }, { vfDevice: undefined })],
    ['when a device id may not be that of planned VFs', { devices: ['1889'] }, pfWith({}, { vfDevice: undefined })],
  ])('%s', (_, selectors, pf) => {
    expect(isRight(selectors, pf)).toBe(false);
  });

  it('when one policy has nothing on the PF, and the other one gets other VFs than it is given', () => {
    const policies = [readable('a'), readable('b')];
    expect(isRight({ pfNames: ['ens9'] }, pfWith({ a: [], b: HALF }), ...policies)).toBe(false);
  });

  it('when what is kept of the policy is of another resource', () => {
    const pf = pfWith({}, { given: new Map([['a', [{ range: ALL[0]!, group: { resourceName: 'before' } }]]]) });
    expect(isRight({ vendors: ['8086'] }, pf)).toBe(false);
    expect(isRight({ pfNames: ['ens9'] }, pf)).toBe(true);
  });
});

describe('a policy that asks for a model', () => {
  const byModel = readable('a', { nicSelector: { vendor: '8086', deviceID: '1592' } });
  const byVendor = readable('b', { nicSelector: { vendor: '8086' } });
  const pf = pfWith({ a: ALL, b: ALL });

  it('is not served by its vendor alone', () => {
    expect(isRight({ vendors: ['8086'] }, pf, byModel)).toBe(false);
    expect(isRight({ vendors: ['8086'] }, pf, byVendor)).toBe(true);
  });

  it('is not served by its vendor either when another policy asks for all of the vendor', () => {
    expect(isRight({ vendors: ['8086'] }, pf, byModel, byVendor)).toBe(false);
  });

  it.each<[string, Partial<Selectors>]>([
    ['the id of its VFs', { devices: ['1889'] }],
    ['the name of the PF', { pfNames: ['ens2f0'] }],
    ['the address of the PF', { rootDevices: ['0000:3b:00.0'] }],
    ['the address of the device', { pciAddresses: ['0000:3b:00.0'] }],
  ])('is served by %s', (_, selectors) => {
    expect(isRight({ vendors: ['8086'], ...selectors }, pf, byModel)).toBe(true);
  });
});

describe('selectors for VFs of unknown origin', () => {
  const wide = { ...NO_SELECTORS, vendors: ['8086'] };
  const narrow = { ...NO_SELECTORS, pfNames: ['ens2f0#0-3'] };
  it.each<[string, boolean, Selectors, readonly Selectors[] | undefined]>([
    ['may go on to hand them out', true, wide, [wide]],
    ['may hand out fewer of them', true, narrow, [wide]],
    ['must not begin to hand them out', false, wide, []],
    ['must not hand out more of them', false, wide, [narrow]],
    ['are not judged where those that stand have unknown words', true, wide, undefined],
  ])('%s: %s', (_, expected, selectors, present) => {
    const members = [{ policy: readable('a'), selectors }];
    expect(isSound([selectors], { members, pfs: [pfWith({ a: [] }, UNKNOWN)], present })).toBe(expected);
  });
});
