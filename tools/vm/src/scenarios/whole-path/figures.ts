import assert from 'node:assert/strict';
import { lookAtHost } from '../../host-view.ts';
import { PFS } from '../../pfs.ts';
import { type Guest } from '../../machine/guest.ts';
import { type Lab } from '../../scenario.ts';
import { applyPolicies, assertConfigured, type Path, untilConfigured } from './path.ts';

/** The goals: what the daemon adds to the writes themselves, and what users of the link notice. */
const MOST_RATIO = 1.2;
const MOST_BOUNCES = 1;
/** The best of so many runs: the others tell how busy this machine was. */
const RUNS = 2;

/** Milliseconds that the writes take when nobody plans, verifies or reports: `guest/raw-writes.ts`. */
export async function measureAlone({ guest, section }: Lab): Promise<number> {
  return section.check('the writes of the daemon, alone', async () => {
    await guest.sh('modprobe -a vfio-pci vfio_iommu_type1');
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const { ms } = JSON.parse(await guest.sh('node /host/programs/raw-writes.mjs')) as { ms: number };
      times.push(ms);
      await putBack(guest);
    }
    return Math.min(...times);
  });
}

async function putBack(guest: Guest): Promise<void> {
  for (const [name, address] of Object.entries(PFS)) {
    await guest.sh(`ip link set ${name} mtu 1500 down; echo 0 >/sys/bus/pci/devices/${address}/sriov_numvfs`);
  }
}

/** The first policies, and how long they take. */
export async function checkFigures(path: Path, aloneMs: number): Promise<void> {
  const { section, cluster, guest } = path;
  await applyPolicies(cluster, 4);
  const times: number[] = [];
  const bounces: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await section.check(
      'policies make 7 VFs on each of two PFs, some for user space, some for the kernel',
      async () => {
        const before = await lookAtHost(guest);
        const { state, ms } = await measureChange(path);
        const after = await assertConfigured(guest, state, 4);
        times.push(ms);
        for (const [pf, { carrierChanges }] of after) {
          bounces.push((carrierChanges - (before.get(pf)?.carrierChanges ?? 0)) / 2);
        }
      },
    );
    if (run + 1 < RUNS) await checkRemoval(path);
  }
  await showFigures(path, { aloneMs, daemonMs: Math.min(...times), bounces: Math.max(...bounces) });
}

/** Milliseconds from the moment the node state's spec changes to the moment its status says Succeeded. */
async function measureChange(path: Path): Promise<{ state: Awaited<ReturnType<typeof untilConfigured>>; ms: number }> {
  const { cluster } = path;
  const { metadata } = await cluster.nodeState();
  await cluster.select(true);
  await cluster.untilState('a new spec', (state) => state.metadata.generation !== metadata.generation);
  const begin = Date.now();
  const state = await untilConfigured(path, 4);
  return { state, ms: Date.now() - begin };
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

async function showFigures(
  { section, guest }: Path,
  figures: { readonly aloneMs: number; readonly daemonMs: number; readonly bounces: number },
): Promise<void> {
  const { aloneMs, daemonMs, bounces } = figures;
  const ratio = daemonMs / aloneMs;
  const [link] = JSON.parse(await guest.sh('ip -j link show dev eth1')) as { vfinfo_list: object[] }[];
  const vfs = link?.vfinfo_list.map((vf) => JSON.stringify(vf)).join('\n') ?? '';
  section.show(`the VFs of eth1 as "ip -j link" of the guest lists them:\n${vfs}`);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  section.show(
    `from the change of the spec to Succeeded: ${seconds(daemonMs)}; the same writes alone: ${seconds(aloneMs)}; ` +
      `ratio ${ratio.toFixed(2)} (goal: at most ${MOST_RATIO})`,
  );
  section.show(`carrier bounces of a PF: ${bounces} (goal: at most ${MOST_BOUNCES})`);
  await section.check('the link of a PF bounces once at most', async () => {
    assert.ok(bounces <= MOST_BOUNCES, `${bounces} times`);
  });
}
