import { DEFAULT_RESOURCE_PREFIX } from '@sriov/api';
import { gather, InFlight, type Memory } from '@sriov/device-plugin';
import { planPools, type PoolsPlan } from '@sriov/device-pool';
import { type SimulatedKernel } from '@sriov/host-sim';
import { HANDOVER_FOLDER } from '@sriov/plugin-handover';
import { NOW } from '../scenario.ts';

/** The device plugin of this version, as far as it decides. */
export class OfferingPlugin {
  readonly #kernel: SimulatedKernel;
  readonly #memory: Memory = {
    ...{ known: new Map(), offered: new Map(), granted: new Map(), heldSince: new Map() },
    inFlight: new InFlight(),
  };

  constructor(kernel: SimulatedKernel) {
    this.#kernel = kernel;
  }

  /** Reads the hand-over file and the host, and decides what the kubelet is told. */
  async look(): Promise<{ plan: PoolsPlan; configProblems: readonly string[]; configHash: string | undefined }> {
    const ports = { kernel: this.#kernel, configFile: '/etc/pcidp/config.json', handoverFolder: HANDOVER_FOLDER };
    const { facts, configProblems, configHash } = await gather(
      { ...ports, resourcePrefix: DEFAULT_RESOURCE_PREFIX },
      this.#memory,
      NOW,
    );
    const plan = planPools(facts);
    const listed = plan.pools.flatMap(({ resource: { name }, devices }) => devices.map((each) => ({ name, ...each })));
    this.#memory.known = new Map(listed.map(({ id, name }) => [id, name]));
    this.#memory.offered = new Map(
      listed.filter(({ isHealthy }) => isHealthy).map(({ id, numaNode }) => [id, numaNode]),
    );
    return { plan, configProblems, configHash };
  }
}

/** What the kubelet and the daemon would be told of a plan, without its sentences. */
export function offerOf({ pools, heldBack }: PoolsPlan): object {
  return {
    resources: Object.fromEntries(
      pools.map(({ resource: { name }, devices }) => [
        name,
        devices.map(({ id, isHealthy, isHeld = false, numaNode }) => ({ id, isHealthy, isHeld, numaNode })),
      ]),
    ),
    heldBack: heldBack.map(({ resource, devices, reason }) => ({ resource, devices, reason })),
  };
}
