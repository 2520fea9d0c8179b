import assert from 'node:assert/strict';
import { type SriovNetworkNodeState } from '@sriov/api';
import { Cluster } from '../../cluster.ts';
import { Daemon } from '../../daemon.ts';
import { lookAtHost, type SeenPf } from '../../host-view.ts';
import { PFS } from '../../pfs.ts';
import { type Guest } from '../../machine/guest.ts';
import { type Lab } from '../../scenario.ts';

/** What the checks of the whole path work with. */
export interface Path extends Lab {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
}

/** Control plane and policy controller on this machine, the daemon on the real kernel of the guest. */
export async function onPath(lab: Lab, run: (path: Path) => Promise<void>): Promise<void> {
  const { guest, section, programs } = lab;
  // As on most servers: one port is in use, the other is not.
  await guest.sh('ip link set eth1 up');
  const cluster = await section.check('the control plane starts', () =>
    Cluster.start(programs.policyController, (line) => section.show(line)),
  );
  try {
    await run({ ...lab, cluster, daemon: await Daemon.start(guest, await cluster.guestKubeconfig()) });
  } finally {
    await cluster.close();
  }
}

/** The policies go, and all that they brought with them. */
export async function checkRemoval({ section, cluster, guest }: Path): Promise<void> {
  await section.check('without policies the VFs go, and the PFs are as they were', async () => {
    await cluster.select(false);
    await cluster.untilJudged('Succeeded', ({ spec }) => (spec?.interfaces ?? []).length === 0);
    for (const { mtu, autoprobe, vfs } of (await lookAtHost(guest)).values()) {
      assert.deepEqual({ mtu, autoprobe, vfs }, { mtu: 1500, autoprobe: '1', vfs: [] });
    }
  });
}

/** One range of VFs on both PFs. */
const onBoth = (range: string): { pfNames: string[] } => ({
  pfNames: Object.keys(PFS).map((name) => `${name}#${range}`),
});

/** User space has the first VFs of each PF, the kernel the others, so many as `forUserSpace` says. */
export async function applyPolicies(cluster: Cluster, forUserSpace: number): Promise<void> {
  const dpdk = { resourceName: 'dpdk', deviceType: 'vfio-pci', numVfs: 7, priority: 99 } as const;
  const kernel = { resourceName: 'kernel', deviceType: 'netdevice', numVfs: 7, mtu: 9000, priority: 99 } as const;
  // This one first: VFs that it gives up are in no policy for a moment, and never in two.
  await cluster.applyPolicy('dpdk', { ...dpdk, nicSelector: onBoth(`0-${forUserSpace - 1}`) });
  await cluster.applyPolicy('kernel', { ...kernel, nicSelector: onBoth(`${forUserSpace}-6`) });
}

/** Waits for a Succeeded that tells of VFs on both PFs, so many of them for user space. */
export function untilConfigured({ cluster }: Path, forUserSpace: number): Promise<SriovNetworkNodeState> {
  return cluster.untilJudged('Succeeded', ({ status }) => {
    const pfs = (status?.interfaces ?? []).filter(({ Vfs }) => Vfs?.length === 7);
    const isAsWanted = pfs.every(
      ({ Vfs }) => Vfs?.filter(({ driver }) => driver === 'vfio-pci').length === forUserSpace,
    );
    return pfs.length === 2 && isAsWanted;
  });
}

/** The guest is as the policies want it, and the status says what `ip` and sysfs say. */
export async function assertConfigured(
  guest: Guest,
  state: SriovNetworkNodeState,
  forUserSpace: number,
): Promise<Map<string, SeenPf>> {
  const host = await lookAtHost(guest);
  assert.deepEqual([...host.keys()], Object.values(PFS));
  for (const [pciAddress, pf] of host) {
    const { mtu, isUp, autoprobe, vfs } = pf;
    assert.deepEqual({ mtu, isUp, autoprobe }, { mtu: 9000, isUp: true, autoprobe: '1' });
    const wanted = Array.from({ length: 7 }, (_, id) =>
      id < forUserSpace ? ['vfio-pci', undefined] : ['igbvf', 9000],
    );
    assert.deepEqual(
      vfs.map(({ driver, mtu: vfMtu }) => [driver, vfMtu]),
      wanted,
      pf.name,
    );
    assertReported(state, pciAddress, pf);
  }
  return host;
}

function assertReported({ status }: SriovNetworkNodeState, pciAddress: string, pf: SeenPf): void {
  const reported = status?.interfaces?.find((each) => each.pciAddress === pciAddress);
  const { name, mtu, linkAdminState, Vfs = [] } = reported ?? {};
  assert.deepEqual({ name, mtu, isUp: linkAdminState === 'up' }, { name: pf.name, mtu: pf.mtu, isUp: pf.isUp });
  assert.deepEqual(
    Vfs.map((vf) => [vf.vfID, vf.pciAddress, vf.driver, vf.name, vf.mtu, vf.mac]),
    pf.vfs.map((vf) => [vf.id, vf.pciAddress, vf.driver, vf.name, vf.mtu, vf.adminMac]),
  );
  // A VF of the kernel has the address that its PF prescribes.
  for (const { id, mac, adminMac } of pf.vfs) if (mac !== undefined) assert.equal(mac, adminMac, `${pf.name} VF ${id}`);
}
