import { REASON, SUPPORTED_NIC_CONFIG_MAP } from '@sriov/api';
import { DEFAULT_NICS } from './default-nics.ts';
import { type NicIds } from './nic-ids.ts';
import { type Problem } from './problem.ts';

/** The NIC models that are known by their ids. */
export class SupportedNics {
  readonly #models: readonly NicIds[];

  constructor(models: readonly NicIds[]) {
    this.#models = models;
  }

  /** True when some model has these ids; an absent id matches every model. */
  knows(ids: { readonly vendor?: string | undefined; readonly pfDevice?: string | undefined }): boolean {
    return this.#find(ids) !== undefined;
  }

  /** Device id of the VFs of a PF model. */
  vfDevice(ids: { readonly vendor?: string | undefined; readonly pfDevice: string }): string | undefined {
    return this.#find(ids)?.vfDevice;
  }

  /** True when VFs of a model have these ids. */
  knowsVf(vendor: string | undefined, vfDevice: string | undefined): boolean {
    return this.#models.some((model) => model.vendor === vendor && model.vfDevice === vfDevice);
  }

  /** Device ids of the PFs whose VFs have this device id, of one vendor where it is given. */
  pfDevicesOf(vfDevice: string, vendor?: string): string[] {
    const models = this.#models.filter((model) => model.vfDevice === vfDevice && (!vendor || model.vendor === vendor));
    return [...new Set(models.map(({ pfDevice }) => pfDevice))].sort();
  }

  #find(ids: { readonly vendor?: string | undefined; readonly pfDevice?: string | undefined }): NicIds | undefined {
    return this.#models.find(
      ({ vendor, pfDevice }) => (!ids.vendor || ids.vendor === vendor) && (!ids.pfDevice || ids.pfDevice === pfDevice),
    );
  }
}

const ENTRY = /^([0-9a-f]{4}) ([0-9a-f]{4}) ([0-9a-f]{4})$/i;

/**
 * Reads the ConfigMap `supported-nic-ids`: each value is `"<vendor> <PF device> <VF device>"`. Without the ConfigMap
 * the built-in list is used. A malformed entry is a problem of its own. The others are read in the order of their keys.
 */
export function readSupportedNics(data: Readonly<Record<string, string>> | undefined): {
  readonly nics: SupportedNics;
  readonly problems: readonly Problem[];
} {
  if (data === undefined) return { nics: new SupportedNics(DEFAULT_NICS), problems: [] };
  const models: NicIds[] = [];
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [, vendor, pfDevice, vfDevice] = ENTRY.exec(value.trim().replace(/\s+/g, ' ').toLowerCase()) ?? [];
    if (vendor && pfDevice && vfDevice) models.push({ vendor, pfDevice, vfDevice });
    else problems.push(malformed(key, value));
  }
  return { nics: new SupportedNics(models), problems };
}

function malformed(key: string, value: string): Problem {
  return {
    kind: 'ConfigMap',
    name: SUPPORTED_NIC_CONFIG_MAP,
    reason: REASON.nicListInvalid,
    message: `entry ${key}: "${value}" is not of the form "vendor pfDevice vfDevice", such as "8086 1521 1520"`,
  };
}
