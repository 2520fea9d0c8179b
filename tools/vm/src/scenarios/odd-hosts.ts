import assert from 'node:assert/strict';
import { CONDITION, REASON, type Reason, type SriovNetworkNodeState } from '@sriov/api';
import { Cluster } from '../cluster.ts';
import { Daemon } from '../daemon.ts';
import { lookAtHost } from '../host-view.ts';
import { PFS } from '../pfs.ts';
import { conditionOf } from '../node-policies.ts';
import { type Lab, type Scenario } from '../scenario.ts';

/** Devices that are none of the operator's business, and a /etc so small that a file fills it. */
const SETUP = `
ip link add br0 type bridge
ip link add other0 type dummy
ip link set other0 master br0 up
ip link set br0 up
ip link set eth1 up
modprobe -a crc32_generic crc32_pclmul || true
modprobe rdma_rxe
rdma link add rxe0 type rxe netdev eth0
echo ${PFS.eth2} >/sys/bus/pci/drivers/igb/unbind
mount -t tmpfs -o size=64k tmpfs /etc`;

/** Hosts that are not as one expects them: what cannot be used, must not be touched, or cannot be written. */
export const oddHosts: Scenario = {
  name: 'odd-hosts',
  async run(lab: Lab): Promise<void> {
    const { guest, section, programs } = lab;
    await section.check('a bridge, a software RDMA device, and a PF without a driver', () => guest.sh(SETUP));
    const cluster = await section.check('the control plane starts', () =>
      Cluster.start(programs.policyController, (line) => section.show(line)),
    );
    try {
      const options = { stateFolder: '/etc/sriov-operator' };
      const daemon = await Daemon.start(guest, await cluster.guestKubeconfig(), options);
      const odd = { ...lab, cluster, daemon };
      await checkReport(odd);
      await checkBystanders(odd);
      await checkDefaultRoute(odd);
      await checkStateFolder(odd);
    } finally {
      await cluster.close();
    }
  },
};

interface Odd extends Lab {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
}

const wantVfs = ({ cluster }: Odd, numVfs: number, pfs: readonly string[] = [PFS.eth1]): Promise<void> =>
  cluster.applyPolicy('kernel', {
    resourceName: 'kernel',
    deviceType: 'netdevice',
    numVfs,
    nicSelector: { rootDevices: [...pfs] },
  });

const untilFailed = async ({ cluster }: Odd, reason: Reason, says: RegExp): Promise<SriovNetworkNodeState> => {
  const state = await cluster.untilJudged(
    'Failed',
    ({ status }) => conditionOf(status, CONDITION.degraded)?.reason === reason,
  );
  assert.match(state.status?.lastSyncError ?? '', says);
  return state;
};

const countVfs = async ({ guest }: Odd): Promise<number | undefined> =>
  (await lookAtHost(guest)).get(PFS.eth1)?.vfs.length;

/** An event that makes the daemon look again. */
const nudge = ({ guest }: Odd): Promise<string> => guest.sh('ip link set other0 down; ip link set other0 up');

async function checkReport({ section, cluster, guest }: Odd): Promise<void> {
  await section.check('each PCI network device is reported, with or without a driver and an interface', async () => {
    const { status } = await cluster.untilJudged('Succeeded');
    const seen = status?.interfaces?.map(({ pciAddress, name, driver }) => [pciAddress, name, driver]);
    const virtio = seen?.[0]?.[0];
    assert.deepEqual(seen, [
      [virtio, 'eth0', 'virtio-pci'],
      [PFS.eth1, 'eth1', 'igb'],
      [PFS.eth2, undefined, undefined],
    ]);
    assert.match(await guest.readlink('/sys/class/net/eth0'), new RegExp(`/${virtio}/virtio\\d+/net/eth0$`));
  });
}

async function checkBystanders(odd: Odd): Promise<void> {
  const { section, cluster, guest } = odd;
  const bystanders = (): Promise<string> =>
    guest.sh(
      'for n in lo eth0 br0 other0; do ip -j link show dev $n; ip -j addr show dev $n; done; rdma link; bridge -j link',
    );
  const before = await bystanders();
  await section.check('a PF without a driver is named, and the other one gets its VFs', async () => {
    await wantVfs(odd, 2, Object.values(PFS));
    await cluster.select(true);
    const { status } = await untilFailed(odd, REASON.unsupported, /0000:02:00\.0.*no driver is bound to the PF/);
    assert.equal(await countVfs(odd), 2);
    assert.deepEqual(
      status?.interfaces?.map(({ Vfs = [] }) => Vfs.length),
      [0, 2, 0],
    );
  });
  await section.check('a PF of a driver that makes no interface is reported as well, and left alone', async () => {
    await wantVfs(odd, 2);
    await guest.sh(`modprobe pci-pf-stub
      echo pci-pf-stub >/sys/bus/pci/devices/${PFS.eth2}/driver_override
      echo ${PFS.eth2} >/sys/bus/pci/drivers_probe`);
    await nudge(odd);
    const isBound = ({ status }: SriovNetworkNodeState): boolean => status?.interfaces?.[2]?.driver === 'pci-pf-stub';
    const { status } = await cluster.untilJudged('Succeeded', isBound);
    const { name, numVfs = 0 } = status?.interfaces?.[2] ?? {};
    assert.deepEqual({ name, numVfs }, { name: undefined, numVfs: 0 });
  });
  await section.check('all other devices are as they were', async () => {
    assert.equal(await bystanders(), before);
  });
}

async function checkDefaultRoute(odd: Odd): Promise<void> {
  const { section, cluster, guest } = odd;
  await section.check('a PF that carries the default route is left alone, and named', async () => {
    await guest.sh('ip route add default dev eth1 metric 5000');
    await wantVfs(odd, 3);
    await untilFailed(odd, REASON.hostInterface, /eth1 \(0000:01:00\.0\).*default route/);
    assert.equal(await countVfs(odd), 2);
  });
  await section.check('it is served when the route has gone', async () => {
    await guest.sh('ip route del default dev eth1');
    await nudge(odd);
    await cluster.untilState('3 VFs', ({ status }) => status?.interfaces?.[1]?.Vfs?.length === 3);
  });
}

async function checkStateFolder(odd: Odd): Promise<void> {
  const { section, cluster, guest, daemon } = odd;
  const cases = [
    ['a full disk', 'dd if=/dev/zero of=/etc/fill bs=1k count=100 2>/dev/null || true', 'rm /etc/fill', 'ENOSPC', 4],
    ['a read-only /etc', 'mount -o remount,ro /etc', 'mount -o remount,rw /etc', 'EROFS', 5],
  ] as const;
  for (const [name, harm, cure, errno, numVfs] of cases) {
    await section.check(`${name}: nothing is done to the host, and the status says why`, async () => {
      const before = await countVfs(odd);
      await guest.sh(harm);
      await wantVfs(odd, numVfs);
      await cluster.untilJudged('Failed', ({ status }) => status?.lastSyncError?.includes(errno) === true);
      assert.equal(await countVfs(odd), before);
      assert.equal(await daemon.isAlive(), true);
    });
    await section.check(`${name}: all goes on when that is over`, async () => {
      await guest.sh(cure);
      await nudge(odd);
      await cluster.untilState(`${numVfs} VFs`, ({ status }) => status?.interfaces?.[1]?.Vfs?.length === numVfs);
    });
  }
  await section.check('the daemon has started once in all this', async () => {
    assert.equal((await daemon.log()).filter(({ msg }) => msg === 'started').length, 1);
  });
}
