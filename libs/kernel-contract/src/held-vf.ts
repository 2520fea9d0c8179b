import assert from 'node:assert/strict';
import { KernelBlockedError } from '@sriov/host';
import { type Bench, type ContractCase } from './lab.ts';

/** A VF that a program has open through VFIO. */
interface HeldVf {
  readonly address: string;
  /** The program closes it. */
  readonly release: () => Promise<void>;
}

/** For cases that need a program which holds a VF. */
export const needsHolder: NonNullable<ContractCase['skip']> = ({ holdVfio }) =>
  holdVfio ? undefined : 'no program can hold a VF here';

/** Makes so many VFs, of which a program holds the first and the others have no driver. */
export async function holdFirstOf(bench: Bench, count: number): Promise<HeldVf> {
  await bench.makeBareVfs(count);
  const address = await bench.vf(0);
  await bench.override(address, 'vfio-pci');
  await bench.probe(address);
  const release = await bench.lab.holdVfio?.(address);
  return { address, release: () => release?.() ?? Promise.resolve() };
}

/** Begins to take all VFs away, which waits for the program that holds one. */
export function removeHeldVfs(bench: Bench): Promise<KernelBlockedError> {
  const removal = bench.kernel.write(bench.pf('sriov_numvfs'), '0', { deadlineMs: 300 });
  return blocked(removal, 'the write came back although a program holds the VF');
}

/** The error of a call that waits in the kernel. @throws {AssertionError} with the message when it does not wait */
export async function blocked(call: Promise<unknown>, message: string): Promise<KernelBlockedError> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof KernelBlockedError, message);
  return failure;
}
