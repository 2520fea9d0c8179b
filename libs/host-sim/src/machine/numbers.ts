import { type MachineState } from '../state.ts';

/** The lowest number from `first` on that nobody has: how the kernel gives out most of its numbers. */
export function lowestFree(taken: readonly number[], first: number): number {
  const set = new Set(taken);
  let candidate = first;
  while (set.has(candidate)) candidate += 1;
  return candidate;
}

/** First interrupt vector that a NIC gets on the measured machine. */
const FIRST_IRQ = 34;

/** Takes the lowest free interrupt vectors. The caller stores them. */
export function allocateIrqs(state: MachineState, count: number): number[] {
  const taken = Object.values(state.devices).flatMap(({ irqs }) => irqs);
  const irqs: number[] = [];
  for (let i = 0; i < count; i += 1) irqs.push(lowestFree([...taken, ...irqs], FIRST_IRQ));
  return irqs;
}

/** A MAC address as the kernel draws it at random (locally administered), but the same in each run. */
export function nextRandomMac(state: MachineState): string {
  const serial = state.nextMac;
  state.nextMac += 1;
  const octets = [0x5a, 0xc1, 0x72, (serial >> 16) & 0xff, (serial >> 8) & 0xff, serial & 0xff];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
