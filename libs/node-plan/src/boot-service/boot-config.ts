import { type DesiredInterface, type NodeStateSpec, nodeStateSpecSchema, REASON, toWire } from '@sriov/api';
import { z } from 'zod';
import { type HostFacts } from '../planning/host-facts.ts';
import { type PlanProblem } from '../planning/steps.ts';

/** What the boot service makes of a host. */
export interface BootConfig {
  readonly spec: NodeStateSpec;
  /** Whether bridges of Open vSwitch are its business. */
  readonly manageSoftwareBridges: boolean;
  /** The boot in which it was written: the daemon ran in it, so that the boot service has nothing to do in it. */
  readonly bootId: string;
}

/** What decides what is made at boot. */
export interface BootWish extends Pick<HostFacts, 'spec' | 'observed' | 'owned'> {
  /** What the pass had to leave. */
  readonly problems: readonly PlanProblem[];
  readonly manageSoftwareBridges: boolean;
  readonly bootId: string;
}

/**
 * What is to be made at the next boot: what the spec wants now, even if it waits for VFs in use, for a drain or for a
 * reboot, because nobody has a VF before the kubelet starts. Before the network is up nothing shows which PFs the host
 * itself uses, so a PF that was refused for that is made as it was last. Ports of virtual machines are not made.
 */
export function bootConfigOf({ spec, observed, owned, problems, ...rest }: BootWish): BootConfig {
  const ofHost = new Set(
    problems.flatMap(({ reason, pciAddress }) => (reason === REASON.hostInterface ? pciAddress : [])),
  );
  const ports = new Set(observed.interfaces.flatMap(({ port, pciAddress }) => (port === undefined ? [] : pciAddress)));
  const made = (entry: DesiredInterface): DesiredInterface | undefined =>
    ofHost.has(entry.pciAddress) ? owned.get(entry.pciAddress) : entry;
  const interfaces = (spec.interfaces ?? []).flatMap((entry) =>
    ports.has(entry.pciAddress) ? [] : (made(entry) ?? []),
  );
  const { manageSoftwareBridges, bootId } = rest;
  const { bridges, system } = spec;
  return {
    spec: { interfaces, ...(manageSoftwareBridges && bridges && { bridges }), ...(system && { system }) },
    manageSoftwareBridges,
    bootId,
  };
}

const fileSchema = z.object({
  spec: nodeStateSpecSchema,
  manageSoftwareBridges: z.boolean(),
  bootId: z.string(),
});

/** The file that the boot service reads: JSON, which is YAML as well. `spec` is as in the node state. */
export function bootConfigText({ spec, manageSoftwareBridges, bootId }: BootConfig): string {
  const file = { spec: toWire(nodeStateSpecSchema, spec), manageSoftwareBridges, bootId };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Reads the file; a sentence says why it cannot be used. */
export function readBootConfig(text: string): BootConfig | string {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    return error instanceof z.ZodError ? 'it is no configuration of the boot service' : 'it is not JSON';
  }
}

/** Whether the file says already what is wanted, whenever it was written. */
export function saysSame(text: string | undefined, wanted: BootConfig): boolean {
  const known = text === undefined ? 'there is none' : readBootConfig(text);
  if (typeof known === 'string') return false;
  return bootConfigText({ ...known, bootId: '' }) === bootConfigText({ ...wanted, bootId: '' });
}
