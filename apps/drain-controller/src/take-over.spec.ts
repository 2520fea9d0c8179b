import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { ApiFront, eventually, type FrontWrite, installCrds } from '@sriov/testing';
import { bundle, Replica } from './test/replica.ts';
import { TestFleet } from './test/test-fleet.ts';
import { WatchedPool } from './test/watched-pool.ts';

jest.setTimeout(180_000);

/** A Lease is taken over 15 s after its holder was last heard of, and a busy machine starts processes slowly. */
const PATIENCE_MS = 120_000;
const VF = { resource: 'example.org/vfs' };

let folder: string;
let program: string;
const ends: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'take-over-'));
  program = join(folder, 'drain-controller.mjs');
  await Promise.all([bundle(program), installCrds()]);
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** A pool of three nodes, and two replicas in a namespace of its own, each behind a front of its own. */
interface Scene {
  readonly fleet: TestFleet;
  readonly pool: WatchedPool;
  readonly fronts: { readonly first: ApiFront; readonly second: ApiFront };
  readonly nodes: readonly string[];
  readonly start: (which: 'first' | 'second') => Promise<Replica>;
}

async function setScene(name: string, maxUnavailable: number): Promise<Scene> {
  const fleet = await TestFleet.create();
  const { namespace } = fleet;
  await fleet.addPool('p', { maxUnavailable, nodeSelector: { matchLabels: { scene: name } } });
  const nodes = ['1', '2', '3'].map((index) => `${name}-${index}`);
  for (const node of nodes) await fleet.addNode(node, { scene: name });
  // A drain controller takes every node of its cluster for its own.
  const label = `scene=${name}`;
  const fronts = { first: await ApiFront.start(label), second: await ApiFront.start(label) };
  const start = async (which: 'first' | 'second'): Promise<Replica> => {
    const kubeconfig = join(folder, `${name}-${which}`);
    fronts[which].writeKubeconfig(kubeconfig);
    const replica = new Replica(program, { kubeconfig, namespace });
    ends.push(() => replica.stop());
    // The first leads before the second begins.
    await eventually(() => (which === 'first' ? replica.hasSaid('leading') : replica.isReady()), PATIENCE_MS);
    return replica;
  };
  const pool = await WatchedPool.follow(namespace, label);
  ends.push(
    () => fleet.remove(),
    () => Promise.all([fronts.first.close(), fronts.second.close()]).then(() => undefined),
    () => pool.stop(),
  );
  return { fleet, pool, fronts, nodes, start };
}

interface Body {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
  readonly spec?: { readonly unschedulable?: boolean };
}
const says = (annotation: string, value: string) => (body: Body) => body.metadata?.annotations?.[annotation] === value;
const cordons = (unschedulable: boolean) => (body: Body) => body.spec?.unschedulable === unschedulable;

/** Writes of a drain, by their place and what stands in them. */
const TRANSITIONS: Record<
  string,
  { readonly of: RegExp; readonly is?: (body: Body) => boolean; readonly before?: true }
> = {
  'before its grant is written': {
    of: /nodestates\/[^/]+$/,
    is: says(ANNOTATION.currentState, 'Draining'),
    before: true,
  },
  'when its grant is written': { of: /nodestates\/[^/]+$/, is: says(ANNOTATION.currentState, 'Draining') },
  'when it is cordoned': { of: /\/nodes\/[^/]+$/, is: cordons(true) },
  'when its pod is evicted': { of: /\/eviction$/ },
  'when its drain is complete': { of: /nodestates\/[^/]+$/, is: says(ANNOTATION.currentState, 'DrainComplete') },
  'when it is uncordoned': { of: /\/nodes\/[^/]+$/, is: cordons(false) },
  'when its slot is free': { of: /nodestates\/[^/]+$/, is: says(ANNOTATION.currentState, 'Idle') },
};

/** Does what daemons and kubelets do, until no node asks any more. */
async function playNodes({ fleet, pool, nodes }: Scene): Promise<void> {
  const asking = new Set(nodes);
  await eventually(async () => {
    await fleet.endPods();
    for (const node of asking) {
      if (pool.look(node, fleet.namespace).progress !== 'DrainComplete') continue;
      await fleet.ask(node, 'Idle');
      asking.delete(node);
    }
    return asking.size === 0;
  }, PATIENCE_MS);
}

interface SceneEnd {
  readonly wasKilled: boolean;
  readonly hasTakenOver: boolean;
  readonly mostSlots: number;
}

/** What a scene ends with: all nodes as they were, and never more of them away than the pool allows. */
async function killAt(index: number, transition: string): Promise<SceneEnd> {
  const scene = await setScene(`kill${index}`, 2);
  const { fleet, pool, fronts, nodes, start } = scene;
  const [first, second] = [await start('first'), await start('second')];
  const [closed = '', victim = '', last = ''] = nodes;
  // An administrator has closed it: it stays closed, and needs a slot that makes no further node unavailable.
  await fleet.cordon(closed, true);
  await fleet.addPod(`dpdk-${index}`, victim, VF);
  const { of, is = () => true, before = false } = TRANSITIONS[transition] ?? { of: /$^/ };
  const killed = { isDone: false };
  fronts.first.cut = ({ path, body }: FrontWrite) => {
    const isOfVictim = of.test(path) && (path.includes(victim) || path.includes(`dpdk-${index}`));
    if (!killed.isDone && !(isOfVictim && is(body as Body))) return undefined;
    const isDead = killed.isDone;
    killed.isDone = true;
    return { end: () => first.kill(), before: before || isDead };
  };
  for (const node of [victim, closed, last]) await fleet.ask(node, 'Drain_Required');
  await playNodes(scene);
  const look = (node: string): unknown => pool.look(node, fleet.namespace);
  const free = { progress: 'Idle', isCordoned: false, isNoted: false };
  await eventually(() => {
    expect(nodes.map(look)).toEqual([{ ...free, isCordoned: true }, free, free]);
    return true;
  }, PATIENCE_MS);
  return {
    wasKilled: killed.isDone && first.hasEnded,
    hasTakenOver: second.hasSaid('leading'),
    mostSlots: pool.mostSlots,
  };
}

describe('a drain controller that is killed in the drain of a node', () => {
  const scenes = new Map<string, Promise<SceneEnd>>();
  beforeAll(() => {
    // All at once: most of their time is that until the Lease of the first replica is over.
    for (const [index, transition] of Object.keys(TRANSITIONS).entries()) {
      const scene = killAt(index, transition);
      scene.catch(() => undefined);
      scenes.set(transition, scene);
    }
  });

  it.each(Object.keys(TRANSITIONS))(
    '%s is replaced by another replica, and every node is drained and given back as it was',
    async (transition) => {
      const end = await scenes.get(transition);
      expect(end).toMatchObject({ wasKilled: true, hasTakenOver: true });
      expect(end?.mostSlots).toBeLessThanOrEqual(2);
    },
  );
});

describe('a replica whose watch hangs', () => {
  it('gives no slot beside the one that the leader before it has given', async () => {
    const scene = await setScene('hangs', 0);
    const { fleet, pool, fronts, nodes, start } = scene;
    const first = await start('first');
    const [early = '', late = '', other = ''] = nodes;
    await fleet.annotate(late, { [ANNOTATION.drainAskedAt]: '2026-05-01T10:00:02Z' });
    await fleet.ask(late, 'Drain_Required');
    // It has listed the request of the one node, and hears nothing of what follows.
    const second = await start('second');
    const goOn = fronts.second.holdWatches((path) => path.endsWith('/sriovnetworknodestates'));
    await fleet.annotate(early, { [ANNOTATION.drainAskedAt]: '2026-05-01T10:00:01Z' });
    await fleet.ask(early, 'Drain_Required');
    await eventually(async () => (await fleet.condition(early))?.reason === 'WaitingForDrainSlot');
    await fleet.setMaxUnavailable('p', 1);
    await fleet.until(early, 'DrainComplete');
    await first.stop();
    await eventually(() => second.hasSaid('leading'), PATIENCE_MS);
    await eventually(async () => HAS_LOOKED.test(await second.metrics()), PATIENCE_MS);
    expect(await fleet.progress(late)).toBe('Idle');
    goOn();
    await fleet.ask(other, 'Drain_Required');
    await playNodes(scene);
    await eventually(() => nodes.every((node) => pool.look(node, fleet.namespace).progress === 'Idle'));
    expect(pool.mostSlots).toBe(1);
  });
});

/** It has decided whose turn it is. */
const HAS_LOOKED = /^sriov_reconcile_total\{[^}]*controller="turns"[^}]*\} [1-9]/m;
