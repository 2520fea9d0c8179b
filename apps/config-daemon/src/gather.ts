import { type NodeStateSpec } from '@sriov/api';
import { type Kernel, observeHost } from '@sriov/host';
import { type NodeFacts, planNode } from '@sriov/node-plan';
import { type InitialState, type Journal, type JournalEntries } from './journal.ts';
import { readUpstreamMtus } from './upstream-checkpoint.ts';

/** What the daemon looks at and writes to. */
export interface HostPorts {
  readonly kernel: Kernel;
  readonly journal: Journal;
}

/** What the host shall be, and how much may be done for it. */
export interface Wanted {
  readonly spec: NodeStateSpec;
  /** Change PFs that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
  /** PFs to leave alone because a call has not come back from the kernel: a sentence by PCI address. */
  readonly blocked?: ReadonlyMap<string, string>;
}

/** The facts of a pass, and the journal as it was read for it. */
export interface Gathered {
  readonly facts: NodeFacts;
  readonly journal: JournalEntries;
}

/** Looks at the host and the journal: everything that the planner needs to know. */
export async function gather(ports: HostPorts, wanted: Wanted): Promise<Gathered> {
  const journal = await ports.journal.read();
  const { spec, allowHostInterfaces, blocked = new Map<string, string>() } = wanted;
  const initial = await initialStates(ports.kernel, journal);
  const withJournal = { spec, allowHostInterfaces, blocked, owned: journal.owned, initial };
  const observed = await observeHost(ports.kernel);
  const facts = { ...withJournal, observed };
  if (!disturbsVfio(facts)) return { facts, journal };
  // Only now is it worth searching all processes for those that have a VF open.
  const closer = await observeHost(ports.kernel, { vfioHolders: true });
  return { facts: { ...withJournal, observed: closer }, journal };
}

/** What PFs were before; those that upstream has left to us, as upstream wrote it down. */
async function initialStates(
  kernel: Kernel,
  { owned, initial }: JournalEntries,
): Promise<ReadonlyMap<string, InitialState>> {
  const unknown = [...owned.keys()].filter((pciAddress) => !initial.has(pciAddress));
  if (unknown.length === 0) return initial;
  const mtus = await readUpstreamMtus(kernel);
  return new Map([...unknown.map((pciAddress) => [pciAddress, { mtu: mtus.get(pciAddress) }] as const), ...initial]);
}

/** True when the plan would take a VF away from vfio-pci. */
function disturbsVfio(facts: NodeFacts): boolean {
  const plan = planNode(facts);
  const isVfio = new Map(
    facts.observed.interfaces.map(({ pciAddress, sriov }) => [
      pciAddress,
      new Set((sriov?.vfs ?? []).filter(({ driver }) => driver === 'vfio-pci').map(({ id }) => id)),
    ]),
  );
  return plan.pfs.some(({ pciAddress, before, vfs }) => {
    const bound = isVfio.get(pciAddress) ?? new Set();
    const removesAll = before.some(({ kind }) => kind === 'set-num-vfs');
    return bound.size > 0 && (removesAll || vfs.some(({ id }) => bound.has(id)));
  });
}
