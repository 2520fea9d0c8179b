import { omitUndefined } from '@sriov/api';
import { type PluginConfig, type PoolFacts, readPluginConfig } from '@sriov/device-pool';
import { messageOf } from '@sriov/errors';
import { isErrno, type Kernel, observeDevices, readAllocations } from '@sriov/host';
import { type Handover, HANDOVER_FILE, handoverSchema } from '@sriov/plugin-handover';
import { type InFlight } from './in-flight.ts';
import { readOffered } from './offered-resources.ts';

/** Where the plugin looks. */
export interface GatherPorts {
  readonly kernel: Kernel;
  readonly configFile: string;
  readonly handoverFolder: string;
  readonly resourcePrefix: string;
}

/** What outlives a pass. */
export interface Memory {
  /** The last configuration that could be used. */
  config?: PluginConfig;
  /** The resource in which each device was listed last. */
  known: ReadonlyMap<string, string>;
  /** Devices that were listed as healthy last, with their NUMA node if they have one. */
  offered: ReadonlyMap<string, number | undefined>;
  /** Devices that were given to a pod just now: the kubelet may not tell of them yet. */
  readonly granted: Map<string, { readonly resource: string; readonly untilMs: number }>;
  readonly inFlight: InFlight;
  /** Since when devices are listed although they are being changed, by their ids. */
  readonly heldSince: Map<string, number>;
}

/** Everything that a pass decides from. */
export interface Gathered {
  readonly facts: PoolFacts;
  readonly configProblems: readonly string[];
  readonly configHash: string | undefined;
  /** Some devices are held from now on: in {@link HOLD_MS}, that ends although nothing happens then. */
  readonly hasHoldBegun: boolean;
  /** Nobody could be asked what pods have, and so none was told of: pods may have devices all the same. */
  readonly isKubeletMissing: boolean;
}

/**
 * Reads the hand-over file, the configuration, the host and what the kubelet has given to pods.
 * @throws {Error} when something cannot be read without which nothing can be decided
 */
export async function gather(ports: GatherPorts, memory: Memory, nowMs: number): Promise<Gathered> {
  // The file comes first: what is withdrawn later is looked at by the pass that the daemon then asks for.
  const handover = await readHandover(ports);
  const { config, problems, hash } = await readConfig(ports, memory, handover);
  const [{ devices, problems: unreadable }, allocations, ours] = await Promise.all([
    observeDevices(ports.kernel),
    readAllocations(ports.kernel),
    readOffered(ports.kernel, ports.handoverFolder),
  ]);
  const allocated = allocations.unknown === undefined ? new Map(allocations.allocated) : undefined;
  for (const [id, { resource, untilMs }] of memory.granted) {
    if (untilMs < nowMs || allocated?.has(id) === true) memory.granted.delete(id);
    else allocated?.set(id, [{ resource, pod: 'that starts' }]);
  }
  const { hasHoldBegun, ...returns } = returningOf(handover, memory, nowMs);
  return {
    facts: {
      resources: config.resources,
      ours,
      prefixes: [ports.resourcePrefix, ...config.resources.map(({ prefix }) => prefix)],
      devices,
      unreadable: new Map(unreadable.map(({ pciAddress, message }) => [pciAddress, message])),
      allocated,
      starting: memory.inFlight.devices,
      withdrawn: handover?.withdrawn ?? [],
      known: memory.known,
      ...returns,
    },
    hasHoldBegun,
    configProblems: problems,
    configHash: hash,
    isKubeletMissing: allocations.missing !== undefined,
  };
}

/** The scheduler has long heard of a shorter list by then, and pods had better wait there. */
export const HOLD_MS = 20_000;

/**
 * Devices that will return as the resource by which they are listed, unless that takes too long. One that was not
 * offered stays so: no pod is on its way to it, and its change may fail again and again.
 */
function returningOf(
  handover: Handover | undefined,
  { known, offered, heldSince }: Memory,
  nowMs: number,
): Pick<PoolFacts, 'returning' | 'mayBeListed'> & Pick<Gathered, 'hasHoldBegun'> {
  const named = (handover?.returning ?? []).flatMap(({ resource, devices }) => devices.map((id) => ({ id, resource })));
  const returning = new Map(
    named.flatMap(({ id, resource }) => {
      const name = known.get(id);
      if (!offered.has(id) || name?.slice(name.indexOf('/') + 1) !== resource) return [];
      return [[id, omitUndefined({ resource: name, numaNode: offered.get(id) })] as const];
    }),
  );
  const begun = [...returning.keys()].filter((id) => !heldSince.has(id));
  for (const id of heldSince.keys()) if (!returning.has(id)) heldSince.delete(id);
  for (const id of begun) heldSince.set(id, nowMs);
  for (const [id, since] of heldSince) if (nowMs - since >= HOLD_MS) returning.delete(id);
  return { returning, mayBeListed: new Set(named.map(({ id }) => id)), hasHoldBegun: begun.length > 0 };
}

async function readHandover({ kernel, handoverFolder }: GatherPorts): Promise<Handover | undefined> {
  const text = await readUnlessAbsent(kernel, `${handoverFolder}/${HANDOVER_FILE}`);
  // Without it nobody knows what is withdrawn, so a text that cannot be read is an error.
  return text === undefined ? undefined : handoverSchema.parse(JSON.parse(text));
}

interface ReadConfig {
  readonly config: PluginConfig;
  readonly problems: readonly string[];
  /** Of the configuration that was handed over, if it is the one in force. */
  readonly hash?: string | undefined;
}

const NOTHING: PluginConfig = { resources: [], problems: [], isUsable: true };

async function readConfig(ports: GatherPorts, memory: Memory, handover: Handover | undefined): Promise<ReadConfig> {
  const last = memory.config ?? NOTHING;
  const keep = (cause: string): ReadConfig => ({
    config: last,
    problems: [memory.config === undefined ? cause : `${cause}; the last configuration that could be read is kept`],
  });
  try {
    const text = handover?.config?.text ?? (await readUnlessAbsent(ports.kernel, ports.configFile));
    if (text === undefined) return keep(`there is no configuration in ${ports.configFile} yet`);
    const config = readPluginConfig(text, ports.resourcePrefix);
    if (!config.isUsable) return keep(config.problems.join('; '));
    memory.config = config;
    return { config, problems: config.problems, hash: handover?.config?.hash };
  } catch (error) {
    return keep(`the configuration cannot be read: ${messageOf(error)}`);
  }
}

async function readUnlessAbsent(kernel: Kernel, path: string): Promise<string | undefined> {
  try {
    return await kernel.read(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
