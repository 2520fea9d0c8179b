import { EffectError, isErrno, type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { countOf, listNames, PCI_DEVICES, readAttribute, readIfThere, readLinkName } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';

/** Longest wait for the creation or removal of VFs. On slow firmware it takes longer: the call goes on by itself. */
const NUM_VFS_MS = 10_000;

/** Each alone tells a VF: one that is just being removed, which can take its time, has lost the link to its PF. */
const VF_MARKS = ['physfn', 'sriov_vf_msix_count'];

/** True when the folder of a PCI device with these names is that of a VF. */
export function isVfFolder(names: readonly string[]): boolean {
  return VF_MARKS.some((mark) => names.includes(mark));
}

/** PCI addresses of the VFs of a PF by VF id, from its `virtfn` links, which never block. */
export async function listVfAddresses(kernel: Kernel, pf: string): Promise<Map<number, string>> {
  return readVfLinks(kernel, pf, await listNames(kernel, `${PCI_DEVICES}/${pf}`));
}

/** The same, where the names in the folder of the PF are known. */
export async function readVfLinks(kernel: Kernel, pf: string, names: readonly string[]): Promise<Map<number, string>> {
  const ids = names.flatMap((name) => /^virtfn(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  const entries = await Promise.all(
    ids.map(async (id) => [id, await readLinkName(kernel, `${PCI_DEVICES}/${pf}/virtfn${id}`)] as const),
  );
  return new Map(
    entries
      .flatMap(([id, address]) => (address === undefined ? [] : [[id, address] as const]))
      .sort(([a], [b]) => a - b),
  );
}

/**
 * Whether the kernel probes a driver for each new VF; a kernel before 4.12, without the file, always does.
 * @throws {NotUnderstoodError} when the file has something else than the kernel writes
 */
export async function readAutoprobe(kernel: Kernel, pf: string): Promise<boolean> {
  const path = `${PCI_DEVICES}/${pf}/sriov_drivers_autoprobe`;
  const text = (await readIfThere(kernel, path)) ?? '1';
  if (text !== '0' && text !== '1') throw new NotUnderstoodError(path, `it has no 0 or 1, but ${JSON.stringify(text)}`);
  return text === '1';
}

/**
 * Sets whether the kernel probes a driver for each new VF. When that is off, it also refuses a bind without a
 * driver_override.
 */
export async function setAutoprobe(kernel: Kernel, pf: string, enabled: boolean): Promise<void> {
  const path = `${PCI_DEVICES}/${pf}/sriov_drivers_autoprobe`;
  await kernel.write(path, enabled ? '1' : '0');
  if ((await readAutoprobe(kernel, pf)) === enabled) return;
  const detail = `driver probing of new VFs was to be turned ${enabled ? 'on' : 'off'}, and is not`;
  throw new EffectError({ verb: 'write', path, detail });
}

/**
 * Sets the number of VFs of a PF, unless the PF has that number already. The kernel changes one number into another
 * only through 0 (EBUSY), so the caller sets 0 first.
 * @throws {KernelError} with a sentence for the errno; `KernelBlockedError` when the call has not come back after ten
 * seconds, or when it has, and VFs that the kernel counts are not there yet; `EffectError` when the kernel reports success and the PF has another number: bnxt_en returns 0 while the
 * link is down or the firmware resets (bnxt_sriov_configure in drivers/net/ethernet/broadcom/bnxt/bnxt_sriov.c), and
 * the kernel takes any number that a driver returns for success (sriov_numvfs_store in drivers/pci/pci-sysfs.c, later
 * iov.c).
 */
export async function setNumVfs(kernel: Kernel, pf: string, numVfs: number): Promise<void> {
  const present = (await listVfAddresses(kernel, pf)).size;
  if (present === numVfs) return;
  const path = `${PCI_DEVICES}/${pf}/sriov_numvfs`;
  try {
    await kernel.write(path, String(numVfs), { deadlineMs: NUM_VFS_MS });
  } catch (error) {
    throw await explain(error, { kernel, pf, numVfs });
  }
  const made = (await listVfAddresses(kernel, pf)).size;
  if (made === numVfs) return;
  if (made < numVfs && (await readNumVfs(kernel, pf)) === numVfs) throw stillAppearing(kernel, pf, { made, numVfs });
  const detail = `${numVfs} VFs were asked for, the kernel reported no error, and the PF has ${made}: its driver says why in dmesg, such as a link that is down, firmware that resets, or too few resources`;
  throw new EffectError({ verb: 'write', path, detail });
}

/** Nothing when it cannot be read now. */
async function readNumVfs(kernel: Kernel, pf: string): Promise<number | undefined> {
  const path = `${PCI_DEVICES}/${pf}/sriov_numvfs`;
  const text = await readAttribute(kernel, path);
  return text === undefined ? undefined : countOf(text, path);
}

/**
 * How many VFs the kernel counts whose links have not appeared: whoever made them may have ended meanwhile. The kernel
 * answers only when nobody makes or removes VFs of the PF (sriov_numvfs_show in drivers/pci/iov.c takes the lock of the
 * device since Linux 5.5). @throws {KernelError}
 */
export async function countLateVfs(kernel: Kernel, pf: string): Promise<number> {
  const path = `${PCI_DEVICES}/${pf}/sriov_numvfs`;
  const counted = await readIfThere(kernel, path);
  // In this order: links that appear in between are there.
  const { size } = await listVfAddresses(kernel, pf);
  return counted === undefined ? 0 : Math.max(0, countOf(counted, path) - size);
}

/**
 * On some machines the links of VFs appear after the write has returned: on an s390x, those of 125 VFs over 65 s (pull
 * request 1019 of upstream). As long as the kernel counts the VFs, its events tell when they are there.
 */
function stillAppearing(
  kernel: Kernel,
  pf: string,
  { made, numVfs }: { readonly made: number; readonly numVfs: number },
): KernelBlockedError {
  return new KernelBlockedError({
    verb: 'write',
    path: `${PCI_DEVICES}/${pf}/sriov_numvfs`,
    since: Date.now(),
    waitedMs: 0,
    released: untilVfsAppear(kernel, pf, numVfs),
    unfinished: `the kernel counts ${numVfs} VFs, and the links of ${numVfs - made} of them have not appeared`,
  });
}

/** Resolves when all are there, when the kernel counts another number, and when nobody can tell. */
async function untilVfsAppear(kernel: Kernel, pf: string, numVfs: number): Promise<void> {
  const end = new AbortController();
  const look = async (): Promise<void> => {
    const { size } = await listVfAddresses(kernel, pf);
    if (size >= numVfs || (await readNumVfs(kernel, pf)) !== numVfs) end.abort();
  };
  const lookOrEnd = (): void => void look().catch(() => end.abort());
  const watching = kernel.watch('device', lookOrEnd, end.signal);
  lookOrEnd();
  await watching.catch(() => undefined);
}

/** The kernel's errnos for `sriov_numvfs`, and what each means there (drivers/pci/iov.c). */
const MEANING: Readonly<Record<string, string>> = {
  ERANGE: 'the device cannot have so many VFs',
  EBUSY: 'the device has another number of VFs already',
  EINVAL: 'the driver does not take this number',
  ENOENT: 'the driver of the PF cannot make VFs, or there is none',
  ENODEV: 'the device is gone',
  ENOMEM: 'no PCI bus numbers or address space are left: try the kernel parameter pci=realloc',
  ENOSYS: 'the driver of the PF cannot make VFs',
};

async function explain(
  error: unknown,
  call: { readonly kernel: Kernel; readonly pf: string; readonly numVfs: number },
): Promise<unknown> {
  const meaning = error instanceof KernelError ? MEANING[error.code] : undefined;
  if (!isErrno(error, ...Object.keys(MEANING)) || meaning === undefined) return error;
  const total = await readAttribute(call.kernel, `${PCI_DEVICES}/${call.pf}/sriov_totalvfs`);
  const detail = `${meaning} (${call.numVfs} wanted, ${total ?? 'an unknown number'} possible)`;
  const explained = new KernelError({ verb: 'write', path: error.path, code: error.code, detail });
  explained.cause = error;
  return explained;
}
