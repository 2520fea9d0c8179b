import { type DesiredInterface, NO_GUID } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { PF, testLink, testPf, testVf } from './test-host.ts';

/** GUID of {@link testPort}. */
export const PORT_GUID = 'b8:59:9f:03:00:f9:8f:86';

/** The GUID with this number. */
export function guid(number: number): string {
  return `02:00:00:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

/** A PF of mlx5_core in InfiniBand mode with the given VFs. */
export function testPort(vfs: readonly ObservedVf[] = [], change: Partial<ObservedPf> = {}): ObservedPf {
  const mac = `00:00:10:29:fe:80:00:00:00:00:00:00:${PORT_GUID}`;
  const link = testLink({ name: 'ib0', mac, mtu: 2044, maxMtu: 4092 });
  const sriov = { totalVfs: 16, autoprobe: true, vfs };
  return testPf(vfs, { vendor: '15b3', driver: 'mlx5_core', linkType: 'IB', link, sriov, ...change });
}

/** A VF with its kernel driver, and the GUID with this number: 0 stands for none. */
export function boundVf(id: number, number: number, change: Partial<ObservedVf> = {}): ObservedVf {
  const own = number === 0 ? NO_GUID : guid(number);
  return testVf(id, { driver: 'mlx5_core', guids: { node: own, port: own }, linkState: 'auto', ...change });
}

/** An entry of the spec that wants so many VFs for the kernel. */
export function wantedPort(numVfs: number, change: Partial<DesiredInterface> = {}): DesiredInterface {
  const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }];
  return { pciAddress: PF, name: 'ib0', linkType: 'IB', numVfs, vfGroups, ...change };
}
