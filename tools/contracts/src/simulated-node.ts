import {
  ANNOTATION,
  formatPlannedFrom,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { converge, type Converged, DevicePlugin, Journal, type JournalFolder, wishOf } from '@sriov/config-daemon';
import { type MachineState, SimulatedKernel } from '@sriov/host-sim';
import { nextStatus, verdictOf } from '@sriov/node-plan';
import { type NodeWrite, nodeWrites, planNodeState, prepareFleet } from '@sriov/policy';
import { configHash, systemClock } from '@sriov/runtime';
import { LABELS, NODE, NOW, world } from './scenario.ts';

/** What a policy controller writes for the node. */
export interface Written {
  readonly state: SriovNetworkNodeState;
  /** The node's key in the ConfigMap of the device plugin. */
  readonly config: string;
  readonly label: string;
}

/** The node of the recordings, with the daemon of this version on it. */
export class SimulatedNode {
  readonly kernel = new SimulatedKernel({ world: world(), clock: systemClock });
  /** Texts of the hand-over file, in the order in which they were written. */
  readonly handovers: string[] = [];
  /** The files of the journal, by name. */
  readonly files: Map<string, string>;
  /** The same as the journal sees them. */
  readonly folder: JournalFolder;
  readonly #journal: Journal;
  readonly #plugin: DevicePlugin;

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.files = new Map(Object.entries(files));
    this.folder = inMemory(this.files);
    this.#journal = new Journal(this.folder);
    const { handoverFolder: folder } = this.kernel;
    this.#plugin = new DevicePlugin({
      kernel: this.kernel,
      clock: systemClock,
      folder: {
        read: (name) => folder.read(name),
        write: (name, text) => {
          this.handovers.push(text);
          return folder.write(name, text);
        },
      },
    });
  }

  /** One pass of the daemon. */
  pass(state: SriovNetworkNodeState): Promise<Converged> {
    const { modprobeFolder } = this.kernel;
    const ports = { kernel: this.kernel, journal: this.#journal, plugin: this.#plugin, modprobeFolder };
    const wanted = { ...wishOf(state), allowHostInterfaces: false };
    return converge(ports, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
  }

  /** The same, and the node state with what the daemon reports of it. */
  async report(state: SriovNetworkNodeState): Promise<SriovNetworkNodeState> {
    const converged = await this.pass(state);
    const { status } = nextStatus(state, { observed: converged.observed, verdict: verdictOf(converged) }, NOW);
    return { ...state, status };
  }
}

/** A node state of which nothing is planned yet. */
export const UNPLANNED: SriovNetworkNodeState = { metadata: { name: NODE, generation: 1 } };

/** What the policy controller writes when it reads this report. @param state with its status */
export function planned(
  state: SriovNetworkNodeState,
  policies: readonly SriovNetworkNodePolicy[],
  pools: readonly SriovNetworkPoolConfig[] = [],
): Written {
  const present = { isOwned: true, exists: true, devicePluginLabel: undefined };
  const devicePlugin = { home: 'config', texts: new Map<string, string>() };
  const writes = nodeWrites(planOf(state, policies, pools), { ...present, state, devicePlugin }, configHash);
  return { state: stateWith(state, writes), config: configIn(writes), label: labelIn(writes) };
}

/** The spec that the policy controller plans, when it reads this report. */
export function planOf(
  state: SriovNetworkNodeState,
  policies: readonly SriovNetworkNodePolicy[],
  pools: readonly SriovNetworkPoolConfig[] = [],
): ReturnType<typeof planNodeState> {
  const rest = { operatorConfig: undefined, supportedNics: undefined, supportedNicsOnly: false };
  return planNodeState(prepareFleet({ policies, pools, ...rest }), { name: NODE, labels: LABELS, state });
}

function stateWith(state: SriovNetworkNodeState, writes: readonly NodeWrite[]): SriovNetworkNodeState {
  const { generation = 0, annotations } = state.metadata;
  const update = writes.find(({ kind }) => kind === 'update-state');
  if (update?.kind !== 'update-state') throw new Error('nothing is planned');
  const written = { ...annotations, ...(update.annotations as Record<string, string>) };
  const metadata = { name: NODE, generation: generation + 1, annotations: written };
  return { ...state, metadata, spec: update.spec ?? state.spec ?? {} };
}

function configIn(writes: readonly NodeWrite[]): string {
  return writes.flatMap((write) => (write.kind === 'device-plugin-config' ? (write.text ?? []) : [])).join('');
}

function labelIn(writes: readonly NodeWrite[]): string {
  return writes.flatMap((write) => (write.kind === 'device-plugin-label' ? (write.value ?? []) : [])).join('');
}

/** A node that this version has brought from nothing to what the policies want, and its node state. */
export async function nodeWith(
  policies: readonly SriovNetworkNodePolicy[],
): Promise<{ readonly node: SimulatedNode; readonly written: Written; readonly state: SriovNetworkNodeState }> {
  const node = new SimulatedNode();
  const written = planned(await node.report(UNPLANNED), policies);
  return { node, written, state: await node.report(written.state) };
}

/** The node state by which all PFs are given back. */
export function nothingWanted({ metadata }: SriovNetworkNodeState, pfs: readonly string[]): SriovNetworkNodeState {
  const annotations = { [ANNOTATION.plannedFrom]: formatPlannedFrom(new Set(pfs)) };
  return { metadata: { ...metadata, annotations }, spec: {} };
}

/** What matters of a machine: the PFs with their VFs, by PCI address. */
export function portrait({ devices, links }: MachineState): Record<string, object> {
  const link = (address: string): object => {
    const found = Object.values(links).find(({ device }) => device === address);
    return found === undefined ? {} : { mtu: found.mtu };
  };
  return Object.fromEntries(
    Object.entries(devices).flatMap(([address, { pf, driver }]) =>
      pf === undefined
        ? []
        : [
            [
              address,
              {
                ...{ driver, autoprobe: pf.autoprobe, eSwitchMode: pf.eSwitchMode, ...link(address) },
                vfs: pf.vfs.map((vf) => ({ driver: devices[vf ?? '']?.driver, ...link(vf ?? '') })),
              },
            ],
          ],
    ),
  );
}

function inMemory(files: Map<string, string>): JournalFolder {
  return {
    read: (name) => Promise.resolve(files.get(name)),
    list(folder) {
      const names = [...files.keys()].filter((name) => name.startsWith(`${folder}/`));
      return Promise.resolve(names.map((name) => name.slice(folder.length + 1)).sort());
    },
    write: (name, text) => Promise.resolve(void files.set(name, text)),
    remove: (name) => Promise.resolve(void files.delete(name)),
  };
}
