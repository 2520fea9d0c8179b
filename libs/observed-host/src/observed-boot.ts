/** How the running kernel was booted, and what the next boot will be like. */
export interface ObservedBoot {
  /** Another one with each boot (random(4), `/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string;
  /** Words of the command line of the running kernel, in order. */
  readonly arguments: readonly string[];
  /** Decides by which arguments an IOMMU is turned on; `other` needs none, such as ARM and s390x. */
  readonly processor: 'intel' | 'amd' | 'other';
  /** The kernel drives an IOMMU. */
  readonly hasIommu: boolean;
  /** Absent where nobody looked, because nothing has to be told to it. */
  readonly loader?: ObservedBootLoader;
}

/** What decides about the kernel arguments of the next boot. */
export type ObservedBootLoader =
  | {
      /** By what it is told: `grub` by a file and a run of grub-mkconfig, the others by themselves. */
      readonly tool: BootTool;
      /** What it will give to the kernel at the next boot, as far as it tells. */
      readonly arguments: readonly string[];
    }
  /** Why it cannot be told: a sentence without a full stop. */
  | { readonly fault: string };

/** Tools that change kernel arguments. */
export type BootTool = 'grub' | 'grubby' | 'rpm-ostree';
