import assert from 'node:assert/strict';
import { type SriovNetworkNodeState } from '@sriov/api';
import { z } from 'zod';
import { lookAtHost } from '../host-view.ts';
import { type Guest } from '../machine/guest.ts';
import { PFS } from '../pfs.ts';
import { type Lab, type Scenario } from '../scenario.ts';
import {
  applyPolicies,
  assertConfigured,
  checkRemoval,
  onPath,
  type Path,
  untilConfigured,
} from './whole-path/path.ts';

/** The goals: what the daemon adds to the writes themselves, and what users of the link notice. */
const MOST_RATIO = 1.2;
const MOST_BOUNCES = 1;
/**
 * Making VFs and another MTU each make the device reset: once the link is down for both, unless this machine is so busy
 * that it comes up in between, within half a second. More than that would be our doing.
 */
const RESETS = 2;
/** The best of so many runs: the others tell how busy this machine was. */
const RUNS = 2;

const rawWritesSchema = z.object({ ms: z.number() });
/** What is shown of `ip -j link`. */
const linksSchema = z.array(z.object({ vfinfo_list: z.array(z.looseObject({})) }));

/** What the daemon costs. Runs alone: on a machine that does other things meanwhile it says little. */
export const figures: Scenario = {
  name: 'figures',
  async run(lab: Lab): Promise<void> {
    const aloneMs = await measureAlone(lab);
    await onPath(lab, async (path) => {
      await path.cluster.untilJudged('Succeeded');
      await applyPolicies(path.cluster, 4);
      const measured: Measured[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        if (run > 0) await checkRemoval(path);
        measured.push(await measureDaemon(path));
        if (run === 0) await showVfs(path);
      }
      const best = (pick: (each: Measured) => number): number => Math.min(...measured.map(pick));
      await showFigures(path, { aloneMs, ms: best(({ ms }) => ms), bounces: best(({ bounces }) => bounces) });
    });
  },
};

/** One change. */
interface Measured {
  /** From the change of the node state's spec to the Succeeded in its status. */
  readonly ms: number;
  /** How often the PF that lost its carrier most often did. */
  readonly bounces: number;
}

/** Milliseconds that the writes take when nobody plans, verifies or reports: `guest/raw-writes.ts`. */
async function measureAlone({ guest, section }: Lab): Promise<number> {
  return section.check('the writes of the daemon, alone', async () => {
    await guest.sh('modprobe -a vfio-pci vfio_iommu_type1; ip link set eth1 up; ip link set eth2 up');
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const { ms } = rawWritesSchema.parse(JSON.parse(await guest.sh('node /host/programs/raw-writes.mjs')));
      times.push(ms);
      await putBack(guest);
    }
    return Math.min(...times);
  });
}

async function putBack(guest: Guest): Promise<void> {
  for (const [name, address] of Object.entries(PFS)) {
    await guest.sh(`echo 0 >/sys/bus/pci/devices/${address}/sriov_numvfs; ip link set ${name} mtu 1500`);
  }
}

/** The same by policies. */
function measureDaemon(path: Path): Promise<Measured> {
  const { section, guest } = path;
  return section.check('7 VFs on each of two PFs, 4 for user space and 3 for the kernel', async () => {
    const before = await lookAtHost(guest);
    const { state, ms } = await change(path);
    const after = await assertConfigured(guest, state, 4);
    const changes = [...after].map(
      ([pf, { carrierChanges }]) => carrierChanges - (before.get(pf)?.carrierChanges ?? 0),
    );
    return { ms, bounces: Math.max(...changes) / 2 };
  });
}

async function change(path: Path): Promise<{ readonly state: SriovNetworkNodeState; readonly ms: number }> {
  const { cluster } = path;
  const { metadata } = await cluster.nodeState();
  await cluster.select(true);
  await cluster.untilState('a new spec', (state) => state.metadata.generation !== metadata.generation);
  const begin = Date.now();
  const state = await untilConfigured(path, 4);
  return { state, ms: Date.now() - begin };
}

async function showVfs({ guest, section }: Path): Promise<void> {
  const [link] = linksSchema.parse(JSON.parse(await guest.sh('ip -j link show dev eth1')));
  const lines = link?.vfinfo_list.map((vf) => JSON.stringify(vf)) ?? [];
  section.show(`the VFs of eth1 as "ip -j link" of the guest lists them:\n${lines.join('\n')}`);
}

async function showFigures({ section }: Path, { aloneMs, ms, bounces }: Measured & { aloneMs: number }): Promise<void> {
  const seconds = (each: number): string => `${(each / 1000).toFixed(2)} s`;
  section.show(
    `from the change of the spec to Succeeded: ${seconds(ms)}; the same writes alone: ${seconds(aloneMs)}; ` +
      `ratio ${(ms / aloneMs).toFixed(2)} (goal: at most ${MOST_RATIO})`,
  );
  section.show(`carrier bounces of a PF: ${bounces} (goal: at most ${MOST_BOUNCES})`);
  await section.check('a PF loses its carrier no more often than its device resets', () => {
    assert.ok(bounces <= RESETS, `${bounces} times`);
    return Promise.resolve();
  });
}
