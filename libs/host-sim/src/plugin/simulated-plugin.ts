import { type SyncAnswer } from '@sriov/plugin-handover';
import { type Machine } from '../machine/machine.ts';
import { heldBy, readAgain, tellKubelet } from './offer.ts';
import { type PluginState } from './plugin-state.ts';

/**
 * A stand-in for the operator's device plugin: it reads the hand-over file at its start and at each Sync, offers VFs as
 * soon as they are there, and tells the kubelet of the machine. Faults at the kernel port make it slow or hang.
 */
export class SimulatedPlugin {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** VFs that the kubelet can give to pods, by PCI address. */
  get allocatable(): readonly string[] {
    return this.#state.allocatable;
  }

  /** Of these, the ones that the plugin gives to no pod before they have changed: allocations of them wait. */
  get held(): readonly string[] {
    return heldBy(this.#machine);
  }

  /** An instance starts: it serves its socket, reads the hand-over file, and only then offers anything. */
  start(instance = 'a'): void {
    const state = this.#state;
    state.killed = state.killed.filter((other) => other !== instance);
    state.running.push(instance);
    readAgain(this.#machine);
    this.#told();
  }

  /** An instance ends as by SIGKILL: its socket stays, and nobody answers there. */
  kill(instance = 'a'): void {
    const state = this.#state;
    state.running = state.running.filter((other) => other !== instance);
    state.killed.push(instance);
    this.#told();
  }

  /** The kubelet begins to give a VF to a pod; the returned function ends that. */
  allocating(pciAddress: string): () => void {
    this.#state.allocating.push(pciAddress);
    return () => {
      this.#state.allocating = this.#state.allocating.filter((other) => other !== pciAddress);
    };
  }

  /** The plugin offers what it should not; the returned function ends that. */
  disobey(): () => void {
    this.#state.isDisobedient = true;
    this.#told();
    return () => {
      delete this.#state.isDisobedient;
      this.#told();
    };
  }

  /** The kubelet takes no note of the plugin; the returned function ends that. */
  muffle(): () => void {
    this.#state.isUnheard = true;
    return () => {
      delete this.#state.isUnheard;
      this.#told();
    };
  }

  /** From now on it answers this beside what the machine shows. */
  says(answer: Partial<SyncAnswer>): void {
    this.#state.says = answer;
  }

  get #state(): PluginState {
    return this.#machine.plugin;
  }

  #told(): void {
    tellKubelet(this.#machine);
    this.#machine.changed({ kind: 'device' });
  }
}
