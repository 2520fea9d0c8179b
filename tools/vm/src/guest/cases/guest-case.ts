import { HostKernel } from '@sriov/host';

/** A statement about our drivers on the kernel of the guest. Each builds on what the ones before left. */
export type GuestCase = readonly [statement: string, run: () => Promise<void>];

/** The kernel of the guest. */
export const kernel = new HostKernel({ hostRoot: '/' });
