import { describe, expect, it } from '@jest/globals';
import { type DeviceUse, type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { netdevice, PF, testPf } from '../test/test-host.ts';
import { countUsers, findOverruled } from './count-users.ts';

const POD: DeviceUse = { kind: 'allocated', to: 'pod default/web' };
const HOST: DeviceUse = { kind: 'address', address: '10.0.0.1/24' };
const UNKNOWN: DeviceUse = { kind: 'unknown', cause: 'the kubelet: EACCES' };
const ASSUMED: DeviceUse = { kind: 'assumed', by: 'DRAIN_POLICY=always' };

const hostOf = (...interfaces: ObservedPf[]): ObservedHost => ({ interfaces, problems: [] });
/** VF 0 is free, a pod has VF 1, the host VF 2, and of VF 3 nobody knows. */
const USED = testPf([
  netdevice(0),
  netdevice(1, { uses: [POD] }),
  netdevice(2, { uses: [POD, HOST] }),
  netdevice(3, { uses: [UNKNOWN] }),
]);
const usesOf = (host: ObservedHost): unknown[] =>
  host.interfaces.flatMap(({ uses, sriov }) => [uses, ...(sriov?.vfs ?? []).map((vf) => vf.uses)]);

describe('who counts as a user of a VF', () => {
  it.each<[string, Parameters<typeof countUsers>[1], unknown[]]>([
    ['whoever a look shows', 'seen', [undefined, undefined, [POD], [POD, HOST], [UNKNOWN]]],
    [
      'anybody, where VFs that nobody is seen to have count as well',
      'anybody',
      [[ASSUMED], [ASSUMED], [POD], [POD, HOST], [UNKNOWN]],
    ],
    ['the host alone, on a node that was drained', 'host', [undefined, undefined, undefined, [HOST], undefined]],
  ])('is %s', (_, counted, expected) => {
    expect(usesOf(countUsers(hostOf(USED), counted))).toEqual(expected);
  });

  it('is nobody where there are no VFs, so that those can be made without a drain', () => {
    const pf = testPf([]);
    expect(countUsers(hostOf(pf), 'anybody')).toEqual(hostOf(pf));
  });

  it('is nobody on a device that cannot have VFs', () => {
    const { sriov: _, ...port } = testPf([], { uses: [POD] });
    expect(usesOf(countUsers(hostOf(port), 'host'))).toEqual([undefined]);
  });
});

describe('users whom a drain has overruled', () => {
  it('are those of devices that others than the host have', () => {
    const overruled = findOverruled(hostOf({ ...USED, uses: [UNKNOWN] }), 'host');
    expect([...overruled].sort()).toEqual([PF, '0000:01:10.1', '0000:01:10.2', '0000:01:10.3']);
  });

  it.each(['seen', 'anybody'] as const)('are none where %s count', (counted) => {
    expect(findOverruled(hostOf(USED), counted)).toEqual(new Set());
  });
});
