import { type Kernel } from '@sriov/host';
import { z } from 'zod';

/** The rows of `ip -j link`. */
const linksSchema = z.array(z.record(z.string(), z.unknown()));

/**
 * Facts of the machine that the contract is tried on: one PF that may be used at will. The modules vfio-pci and
 * vfio_iommu_type1 are loaded.
 */
export interface Lab {
  readonly pf: {
    readonly address: string;
    readonly driver: string;
    readonly name: string;
    /** Most VFs, with its own driver bound. */
    readonly totalVfs: number;
    readonly vfDriver: string;
    /** Vendor and device id of its VFs, as `new_id` takes them. */
    readonly vfIds: string;
    readonly maxMtu: number;
  };
  /** Opens a VF through VFIO; the result closes it. Absent where no program can. */
  readonly holdVfio?: (vfAddress: string) => Promise<() => Promise<void>>;
  /** A pod comes to the node; the result ends it. Where no kubelet runs, what a kubelet leaves on the disk is enough. */
  readonly runPod: () => Promise<() => Promise<void>>;
}

/** One statement about the kernel that the drivers rely on. */
export interface ContractCase {
  readonly name: string;
  /** Why the case cannot be tried on this machine; nothing when it can. */
  readonly skip?: (lab: Lab) => string | undefined;
  /** Rejects when the statement does not hold. The PF may be left in any state. */
  readonly run: (bench: Bench) => Promise<void>;
}

/** The PF under test, with short names for what the cases do to it. */
export class Bench {
  readonly kernel: Kernel;
  readonly lab: Lab;

  constructor(kernel: Kernel, lab: Lab) {
    this.kernel = kernel;
    this.lab = lab;
  }

  /** Path of an attribute of the PF. */
  pf(attribute: string): string {
    return `/sys/bus/pci/devices/${this.lab.pf.address}/${attribute}`;
  }

  numVfs(text: string): Promise<void> {
    return this.kernel.write(this.pf('sriov_numvfs'), text);
  }

  autoprobe(text: string): Promise<void> {
    return this.kernel.write(this.pf('sriov_drivers_autoprobe'), text);
  }

  probe(address: string): Promise<void> {
    return this.kernel.write('/sys/bus/pci/drivers_probe', address);
  }

  bind(driver: string, address: string): Promise<void> {
    return this.kernel.write(`/sys/bus/pci/drivers/${driver}/bind`, address);
  }

  unbind(driver: string, address: string): Promise<void> {
    return this.kernel.write(`/sys/bus/pci/drivers/${driver}/unbind`, address, { deadlineMs: 10_000 });
  }

  override(address: string, driver: string): Promise<void> {
    return this.kernel.write(`/sys/bus/pci/devices/${address}/driver_override`, driver);
  }

  /** PCI address of a VF. */
  async vf(index: number): Promise<string> {
    return (await this.kernel.readlink(this.pf(`virtfn${index}`))).split('/').at(-1) ?? '';
  }

  /** Driver of a device; nothing when it has none. */
  async driverOf(address: string): Promise<string | undefined> {
    const device = `/sys/bus/pci/devices/${address}`;
    if (!(await this.kernel.list(device)).includes('driver')) return undefined;
    return (await this.kernel.readlink(`${device}/driver`)).split('/').at(-1);
  }

  /** Makes VFs that have no driver. */
  async makeBareVfs(count: number): Promise<void> {
    await this.autoprobe('0');
    await this.numVfs(String(count));
  }

  async ip(...args: string[]): Promise<{ exitCode: number; stderr: string; stdout: string }> {
    return this.kernel.exec('ip', args);
  }

  /** The PF's row of `ip -j -d link show`. */
  async link(name: string): Promise<Record<string, unknown>> {
    const { stdout } = await this.ip('-j', '-d', 'link', 'show', 'dev', name);
    return linksSchema.parse(JSON.parse(stdout))[0] ?? {};
  }

  /** Puts the PF back: its driver bound, no VFs, autoprobe on, link down, MTU 1500. */
  async reset(): Promise<void> {
    const { address, driver, name } = this.lab.pf;
    if ((await this.driverOf(address)) === undefined) await this.bind(driver, address);
    await this.numVfs('0');
    await this.autoprobe('1');
    await this.ip('link', 'set', 'dev', name, 'down');
    await this.ip('link', 'set', 'dev', name, 'mtu', '1500');
  }
}
