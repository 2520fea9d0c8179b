import { type DrainProgress } from '@sriov/api';

/** What a watch shows of the slots of a pool, and when. */
export class SlotLog {
  readonly #busy = new Set<string>();
  readonly #grants: number[] = [];
  readonly #frees: number[] = [];
  #most = 0;

  /** Takes in how far the drain of a node is. `at`: in ms, on a clock that never jumps. */
  see(node: string, progress: DrainProgress, at: number): void {
    const isBusy = progress !== 'Idle';
    if (isBusy === this.#busy.has(node)) return;
    if (isBusy) this.#busy.add(node);
    else this.#busy.delete(node);
    (isBusy ? this.#grants : this.#frees).push(at);
    this.#most = Math.max(this.#most, this.#busy.size);
  }

  /** Slots that were given. */
  get granted(): number {
    return this.#grants.length;
  }

  /** Nodes that have a slot now. */
  get busy(): number {
    return this.#busy.size;
  }

  /** Most nodes that had a slot at the same time. */
  get most(): number {
    return this.#most;
  }

  /**
   * From each freed slot to the grant that took it, in ms, in a pool of `slots` in which somebody waits all the time:
   * the first grant behind those that were free at first took the slot that was freed first.
   */
  waits(slots: number): number[] {
    return this.#grants.slice(slots).flatMap((granted, index) => {
      const freed = this.#frees[index];
      return freed === undefined ? [] : [granted - freed];
    });
  }
}
