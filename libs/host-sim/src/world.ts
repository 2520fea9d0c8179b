import { readFileSync } from 'node:fs';
import { messageOf } from '@sriov/errors';
import { parse } from 'yaml';
import { z } from 'zod';

const pciAddress = z
  .string()
  .regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/, 'must be a PCI address such as 0000:01:00.0');
const mac = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}(([0-9a-f]{2}:){14})?[0-9a-f]{2}$/, 'must be a MAC address such as 52:54:00:aa:00:10');
/** A port: one PCI function with a network interface. */
const portSchema = z.strictObject({
  model: z.enum(['bnxt', 'ena', 'iavf', 'ice', 'igb', 'mlx5', 'virtio']),
  address: pciAddress,
  /** PCI bridge above it. */
  bridge: pciAddress.default('0000:00:10.0'),
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/:\s]{1,15}$/u, 'must be an interface name as the kernel takes it (dev_valid_name)'),
  altNames: z.array(z.string()).default([]),
  mac,
  up: z.boolean().default(false),
  /** Bridge or bond that the interface is part of. */
  master: z.string().optional(),
  /** Where the firmware tells one. */
  numaNode: z.int().min(0).optional(),
  /** Where it matters; else the lowest free one. */
  iommuGroup: z.int().min(0).optional(),
  /** Most VFs, where the model leaves the number to the firmware. */
  totalVfs: z.int().min(0).max(254).optional(),
  /** Routing ids between the PF and its first VF; the ports of a card need different ones. */
  vfOffset: z.int().min(1).optional(),
  /**
   * The links of VFs appear one after the other, the last of them so many milliseconds after the write that makes them
   * has returned, as on the machine of pull request 1019 of upstream.
   */
  vfLinksAfterMs: z.int().min(0).default(0),
  /** `IB`: the firmware has the port in InfiniBand mode, and its interface is one of ib_ipoib. */
  linkType: z.enum(['ETH', 'IB']).default('ETH'),
  /**
   * The driver is NVIDIA's own, or that of a kernel which has taken its files over: an InfiniBand port has `sriov/N`.
   */
  hasVfFolders: z.boolean().default(false),
  /** The firmware of a card of NVIDIA; what its first port says counts for all. */
  firmware: z
    .strictObject({
      sriovEnabled: z.boolean().default(true),
      /** The type of its ports can be set. */
      isVpi: z.boolean().default(true),
      /** A BlueField whose own processor has the NIC. */
      isDpu: z.boolean().default(false),
      /**
       * What becomes of settings when the host boots. Some firmware keeps the old ones until it is started itself (pull
       * request 449 of upstream); some forgets what it was told.
       */
      atBoot: z.enum(['loads', 'keeps', 'forgets']).default('loads'),
    })
    .prefault({}),
  /** The feature `hw-tc-offload`, where it is not as the driver of the model has it. */
  tcOffload: z.enum(['on', 'off', 'fixed', 'unknown']).optional(),
  /** Who puts traffic rules into the NIC at first, where the driver of the model has a choice. */
  flowSteering: z.enum(['dmfs', 'smfs', 'hmfs']).default('smfs'),
  /** Those that the device has. */
  flowSteerings: z.array(z.enum(['dmfs', 'smfs', 'hmfs'])).default(['dmfs', 'smfs']),
});

/** Address of an IPoIB interface: the number of its queue pair, and the GID of its port (INFINIBAND_ALEN of Linux). */
const INFINIBAND_ADDRESS = /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/;

const nicSchema = portSchema.superRefine(({ model, linkType, mac: address }, context) => {
  const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (linkType === 'IB' && model !== 'mlx5') fault('linkType', 'must be ETH for every model but mlx5');
  if ((linkType === 'IB') === INFINIBAND_ADDRESS.test(address)) return;
  fault('mac', linkType === 'IB' ? 'must have 20 octets where linkType is IB' : 'must have 6 octets');
});

/** Something that goes wrong, or slowly, at the kernel port. */
const faultSchema = z.strictObject({
  verb: z.enum(['read', 'write', 'list', 'readlink', 'exec', 'call']),
  /** Path or command line; `*` stands for any text. */
  path: z.string(),
  /** Errno to answer with. Without it the call is made as usual. */
  errno: z.string().optional(),
  /** How often the fault applies; always unless given. */
  times: z.int().min(1).optional(),
  /** Calls of this kind that are made as usual before the first fault. */
  after: z.int().min(0).default(0),
  delayMs: z.number().min(0).optional(),
  /** The call does not return until the fault is removed. */
  hang: z.boolean().default(false),
});

const worldSchema = z.strictObject({
  release: z.string().default('6.12.95+deb12-amd64'),
  commandLine: z.string().default('intel_iommu=on iommu=pt'),
  /** `on-request`: the firmware has one, and the kernel turns it on where it is told to (`intel_iommu=on`). */
  iommu: z.union([z.boolean(), z.literal('on-request')]).default(true),
  /** By what kernel arguments are set; `ignored` is told all, and the host boots by something else. */
  bootLoader: z.enum(['none', 'grub', 'grubby', 'rpm-ostree', 'ignored']).default('none'),
  cpuVendor: z.string().default('GenuineIntel'),
  /** Kernel modules that are loaded at boot, beside those of the PFs. */
  modules: z.array(z.string()).default([]),
  /** Modules that are built into the kernel. */
  builtIn: z.array(z.string()).default([]),
  /** Modules that the kernel does not have. */
  missingModules: z.array(z.string()).default([]),
  /** Files of `/etc/modprobe.d` by name; `install` and `blacklist` lines are obeyed. */
  modprobe: z.record(z.string().regex(/^[\w.-]+$/, 'must be a file name'), z.string()).default({}),
  nics: z.array(nicSchema).min(1),
  /** udev runs, and makes what its rules say. */
  udev: z.boolean().default(true),
  /** systemd runs the machine. */
  systemd: z.boolean().default(true),
  /** The file system of `/etc` is read-only. */
  readOnlyEtc: z.boolean().default(false),
  /** NetworkManager runs, and brings up each interface that it may manage. */
  networkManager: z.boolean().default(false),
  /** A kubelet tells which devices it has given to pods. */
  kubelet: z.boolean().default(true),
  /** The operator's own device plugin serves from the start. */
  devicePlugin: z.boolean().default(false),
  /** Interface that carries the default route. */
  defaultRoute: z.string().optional(),
  /** `realistic` takes the times of the model; `none` takes none, for tests. */
  latency: z.enum(['realistic', 'none']).default('realistic'),
  faults: z.array(faultSchema).default([]),
  /** The kernel is built with CONFIG_VFIO_NOIOMMU. */
  hasNoIommuMode: z.boolean().default(true),
  /** How far the kernel is locked down. */
  lockdown: z.enum(['none', 'integrity', 'confidentiality']).default('none'),
  /** Files of `/sys/class/dmi/id`. */
  dmi: z.record(z.string(), z.string()).default({}),
  /** A disk with the label `config-2`, and the files on it by path. */
  configDrive: z.strictObject({ name: z.string().default('sr0'), files: z.record(z.string(), z.string()) }).optional(),
  /** What the metadata service at 169.254.169.254 answers, by path; 404 for all others, as Nova and EC2 do. */
  metadata: z.record(z.string(), z.string()).default({}),
});

/** A machine as its world file describes it: what does not change while it runs. */
export type World = z.output<typeof worldSchema>;
export type WorldNic = World['nics'][number];
export type Fault = z.output<typeof faultSchema>;

/** A world that cannot be used; the message names the file and what is wrong in it. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly code = 'WORLD_INVALID';
}

/** Reads a world file. @throws {WorldError} */
export function loadWorld(path: string): World {
  try {
    return parseWorld(parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new WorldError(`world ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Checks a world. @throws {WorldError} that lists every field that is wrong. */
export function parseWorld(value: unknown): World {
  const parsed = worldSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
  throw new WorldError(problems.join('; '));
}
