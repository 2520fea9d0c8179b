import { type Kernel } from '@sriov/host';
import { type KnownPort, knownPortSchema } from '@sriov/node-plan';
import { z } from 'zod';

/** Where upstream's daemon writes, once per boot, what it finds before it changes anything. */
const CHECKPOINT = '/tmp/sno-initial-node-state.json';

const interfaceSchema = z.object({
  pciAddress: z.string(),
  name: z.string().optional(),
  mac: z.string().optional(),
  mtu: z.number().optional(),
  netFilter: z.string().optional(),
});
const checkpointSchema = z.object({ status: z.object({ interfaces: z.array(interfaceSchema) }) });

/** What upstream's daemon found before it changed anything. */
export interface UpstreamCheckpoint {
  /** MTU of each PF, by PCI address. */
  readonly mtus: ReadonlyMap<string, number>;
  /** The ports of a virtual machine. */
  readonly ports: readonly KnownPort[];
}

/**
 * Reads it. Empty where upstream never ran, where its file cannot be read, and where somebody other than root can have
 * written it: everybody may write into the folder.
 */
export async function readUpstreamCheckpoint(kernel: Kernel): Promise<UpstreamCheckpoint> {
  try {
    const { status } = checkpointSchema.parse(JSON.parse(await kernel.read(CHECKPOINT, { ownedByRoot: true })));
    return {
      mtus: new Map(status.interfaces.flatMap(({ pciAddress, mtu }) => (mtu === undefined ? [] : [[pciAddress, mtu]]))),
      ports: status.interfaces.flatMap(
        ({ netFilter, ...port }) => knownPortSchema.safeParse({ ...port, network: netFilter }).data ?? [],
      ),
    };
  } catch {
    return { mtus: new Map(), ports: [] };
  }
}
