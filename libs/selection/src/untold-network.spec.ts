import { expect, it } from '@jest/globals';
import { type ObservedInterface } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { findUntoldNetwork } from './untold-network.ts';

const NET = 'openstack/NetworkID:a';
const port = nic('eth0', '0000:00:03.0', { totalvfs: undefined });
const told = nic('eth1', '0000:00:04.0', { totalvfs: undefined, netFilter: NET });
const pf = nic('ens2f0', '0000:3b:00.0');

it.each<[string, string | undefined, readonly ObservedInterface[], boolean]>([
  ['a guest tells no networks', NET, [port, { ...port, totalvfs: 0 }], true],
  ['a guest tells networks', NET, [port, told], false],
  ['the node has PFs of its own', NET, [port, pf], false],
  ['the node has reported no devices', NET, [], false],
  ['the policy asks for no network', undefined, [port], false],
])('a netFilter is explained or not when %s', (_, netFilter, nics, isExplained) => {
  const text = findUntoldNetwork(netFilter === undefined ? {} : { netFilter }, nics);
  if (isExplained) expect(text).toMatch(/^spec\.nicSelector\.netFilter: no device of the node tells its network/);
  else expect(text).toBeUndefined();
});
