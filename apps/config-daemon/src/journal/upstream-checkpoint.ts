import { type Kernel } from '@sriov/host';
import { z } from 'zod';

/** Where upstream's daemon writes, once per boot, what it finds before it changes anything. */
const CHECKPOINT = '/tmp/sno-initial-node-state.json';

const checkpointSchema = z.object({
  status: z.object({ interfaces: z.array(z.object({ pciAddress: z.string(), mtu: z.number().optional() })) }),
});

/**
 * MTU of each PF before upstream touched it, by PCI address. Empty where upstream never ran, where its file
 * cannot be read, and where somebody other than root can have written it: everybody may write into the folder.
 */
export async function readUpstreamMtus(kernel: Kernel): Promise<Map<string, number>> {
  try {
    const { status } = checkpointSchema.parse(JSON.parse(await kernel.read(CHECKPOINT, { ownedByRoot: true })));
    return new Map(status.interfaces.flatMap(({ pciAddress, mtu }) => (mtu === undefined ? [] : [[pciAddress, mtu]])));
  } catch {
    return new Map();
  }
}
