import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane } from '@sriov/control-plane';
import { CONFIG_MAP_LIMIT_BYTES, configShardNames, MAX_CONFIG_SHARDS } from '@sriov/device-plugin-config';
import { writeBare } from './bare-client.ts';
import { FleetCluster, type Snapshot } from './cluster.ts';
import { bundleController, type ControllerOptions, ControllerProcess, type Memory } from './controller-process.ts';
import { type Flags } from './flags.ts';
import { ALL, nodeName, ONE } from './fleet-objects.ts';
import { measurePlanning, type PlanningTime } from './planning.ts';
import { type Requests, requestsBetween } from './request-counts.ts';

/** One comparison of the controller with the bare client: the same change of every node, there and back. */
export interface Comparison {
  /** Nodes a second. */
  readonly controller: number;
  readonly bare: number;
  /** The bare client where the API server checks every field of a node state's status, as with upstream's CRD. */
  readonly bareUpstream: number;
  /**
   * CPU time a node, in ms, of the API server and all clients together, until the last node is changed. On a machine
   * that others use it says more than the rates: where nothing else limits, rates are as the inverse of it.
   */
  readonly controllerCpuMs: number;
  readonly bareCpuMs: number;
  readonly bareUpstreamCpuMs: number;
}

/** Everything that a run measures. */
export interface Figures {
  readonly flags: Flags;
  readonly kubernetes: string;
  readonly shards: number;
  readonly planning: PlanningTime;
  /** From the start of the process until all is listed, planned and at rest. */
  readonly stallWhileListingMs: number;
  readonly memory: Memory;
  readonly comparisons: readonly Comparison[];
  /** Requests of one change of every node, whose spec and configuration both change. */
  readonly changeOfAll: Requests;
  /** Of each change of one node, in ms. */
  readonly latencies: readonly number[];
  readonly changesOfOne: Requests;
  readonly resync: Requests;
  readonly restart: Requests;
  readonly leaderChange: Requests;
}

/** The controller opens 64 connections at most, and holds some for its watches. */
const CONNECTIONS = 56;

/** A control plane that has nothing else to do. */
export type BenchPlane = Pick<ControlPlane, 'access' | 'kubeconfigPath' | 'version'>;

/** Runs all measurements, one after the other. */
export async function runBench(plane: BenchPlane, flags: Flags, say: (line: string) => void): Promise<Figures> {
  const planning = measurePlanning(flags);
  // A third of the room is left, as an operator would leave it.
  const bytes = planning.configBytes * flags.nodes;
  const shards = Math.min(MAX_CONFIG_SHARDS, Math.ceil(bytes / (CONFIG_MAP_LIMIT_BYTES * 0.7)));
  const cluster = new FleetCluster(plane, flags);
  const folder = mkdtempSync(join(tmpdir(), 'sriov-fleet-'));
  try {
    const program = join(folder, 'policy-controller.mjs');
    await bundleController('policy-controller', program);
    say(`creating ${flags.nodes} nodes`);
    await cluster.populate();
    await cluster.createPolicies();
    const env = { DEVICE_PLUGIN_CONFIG_SHARDS: String(shards) };
    const controller = { program, kubeconfig: plane.kubeconfigPath, namespace: cluster.namespace, env };
    const bench = new Bench(cluster, plane, { controller, shards, flags, say });
    return { flags, kubernetes: plane.version, shards, planning, ...(await bench.run()) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface BenchOptions {
  readonly controller: ControllerOptions;
  /** ConfigMaps of the device plugin. */
  readonly shards: number;
  readonly flags: Flags;
  say(line: string): void;
}

class Bench {
  readonly #cluster: FleetCluster;
  readonly #plane: BenchPlane;
  readonly #options: BenchOptions;

  constructor(cluster: FleetCluster, plane: BenchPlane, options: BenchOptions) {
    this.#cluster = cluster;
    this.#plane = plane;
    this.#options = options;
  }

  async run(): Promise<Omit<Figures, 'flags' | 'kubernetes' | 'shards' | 'planning'>> {
    const { flags } = this.#options;
    const say = (line: string): void => this.#options.say(line);
    say('bringing the fleet in line for the first time');
    const first = await this.#start();
    await this.#cluster.reportAll();
    await this.#settle(first);
    await first.stop();

    say('restarting');
    let controller = first;
    const restart = await this.#count(async () => {
      controller = await this.#start();
    });
    const stallWhileListingMs = controller.longestStall;
    const memory = await controller.memory();

    say('changing every node, and back by the bare client');
    const comparisons: Comparison[] = [];
    let changeOfAll: Requests = { writes: new Map(), reads: 0 };
    for (let round = 0; round < flags.rounds; round += 1) {
      const result = await this.#compare(controller);
      const { controller: ours, bare } = result.comparison;
      say(`  ${ours.toFixed(0)} nodes/s by the controller, ${bare.toFixed(0)} by the bare client`);
      comparisons.push(result.comparison);
      changeOfAll = result.requests;
      controller = await this.#start();
      await this.#settle(controller);
    }

    say(`changing one node ${flags.changes} times`);
    const latencies: number[] = [];
    const changesOfOne = await this.#count(async () => {
      for (let change = 0; change < flags.changes; change += 1) latencies.push(await this.#changeOne(change));
      await controller.idle();
    });
    await this.#settle(controller);

    say('looking at everything again');
    const resync = await this.#count(async () => {
      await this.#cluster.touchNicList();
      await controller.idle();
    });
    resync.writes.delete('configmaps');

    say('changing the leader');
    const next = await ControllerProcess.start(this.#options.controller);
    const leaderChange = await this.#count(async () => {
      await controller.stop();
      await next.idle();
    });
    await next.stop();
    return {
      stallWhileListingMs,
      memory,
      comparisons,
      changeOfAll,
      latencies,
      changesOfOne,
      resync,
      restart,
      leaderChange,
    };
  }

  async #start(): Promise<ControllerProcess> {
    const controller = await ControllerProcess.start(this.#options.controller);
    await controller.idle();
    return controller;
  }

  /** Until daemons and controller have nothing more to tell each other. */
  async #settle(controller: ControllerProcess): Promise<void> {
    await controller.idle();
    await this.#cluster.catchUp();
    await this.#cluster.policiesReady();
    await controller.idle();
  }

  async #count(work: () => Promise<void>): Promise<Requests & { readonly writes: Map<string, number> }> {
    const before = await this.#cluster.requestCounts();
    await work();
    const { writes, reads } = requestsBetween(before, await this.#cluster.requestCounts());
    return { writes: new Map(writes), reads };
  }

  /**
   * The controller changes every node. Then, while it is away, the bare client writes what stood there before, and
   * there and back again on a CRD of upstream's shape.
   */
  async #compare(controller: ControllerProcess): Promise<{ comparison: Comparison; requests: Requests }> {
    const { nodes } = this.#options.flags;
    const before = await this.#snapshot();
    let ours: Timing = { seconds: 0, cpuMs: 0 };
    const requests = await this.#count(async () => {
      ours = await this.#timeChange(nodes, () => this.#cluster.patchPolicy(ALL, CHANGED), controller);
      await controller.idle();
    });
    // The bench itself changed the policy.
    requests.writes.delete('sriovnetworknodepolicies');
    await this.#settle(controller);
    await controller.stop();
    const after = await this.#snapshot();
    const bare = await this.#timeBare(before);
    await this.#cluster.useStatusSchema('upstream');
    const there = await this.#timeBare(after);
    const back = await this.#timeBare(before);
    await this.#cluster.useStatusSchema('ours');
    await this.#cluster.patchPolicy(ALL, UNCHANGED);
    await this.#cluster.catchUp();
    const comparison = {
      controller: nodes / ours.seconds,
      bare: nodes / bare.seconds,
      bareUpstream: (2 * nodes) / (there.seconds + back.seconds),
      controllerCpuMs: ours.cpuMs / nodes,
      bareCpuMs: bare.cpuMs / nodes,
      bareUpstreamCpuMs: (there.cpuMs + back.cpuMs) / (2 * nodes),
    };
    return { comparison, requests };
  }

  #snapshot(): Promise<Snapshot> {
    return this.#cluster.snapshot(configShardNames(this.#options.shards));
  }

  /** How long the bare client takes to bring every node to what stood there. */
  #timeBare(snapshot: Snapshot): Promise<Timing> {
    const patches = this.#cluster.patchesTo(snapshot);
    return this.#timeChange(this.#options.flags.nodes, async () => {
      await writeBare(this.#plane.access, patches.maps, CONNECTIONS);
      await writeBare(this.#plane.access, patches.states, CONNECTIONS);
    });
  }

  /** How long it takes from the beginning of `change` until `count` node states have a new spec, and at what cost. */
  async #timeChange(count: number, change: () => Promise<void>, controller?: ControllerProcess): Promise<Timing> {
    const cpu = async (): Promise<number> => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000 + (await this.#cluster.serverCpu()) + ((await controller?.cpu()) ?? 0);
    };
    const { done } = await this.#cluster.followChanges(count);
    const before = await cpu();
    const start = performance.now();
    await Promise.all([change(), done]);
    const seconds = (performance.now() - start) / 1_000;
    return { seconds, cpuMs: (await cpu()) - before };
  }

  /** Changes the policy about one node; the time from before that write until after the write of the node state. */
  async #changeOne(change: number): Promise<number> {
    const { done } = await this.#cluster.followChanges(1, nodeName(0));
    const start = performance.now();
    await this.#cluster.patchPolicy(ONE, { mtu: change % 2 === 0 ? 9000 : 1500 });
    await done;
    return performance.now() - start;
  }
}

interface Timing {
  readonly seconds: number;
  readonly cpuMs: number;
}

/** Changes node states (MTU) and device-plugin configuration (topology) alike. */
const CHANGED = { mtu: 9000, excludeTopology: true };
const UNCHANGED = { mtu: 1500, excludeTopology: null };
