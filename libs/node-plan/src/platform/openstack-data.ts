import { z } from 'zod';
import { type KnownPort, macSchema, MetadataError, MOST_PORTS, networkIdSchema } from './known-port.ts';

/** The two files of Nova's metadata that tell about ports. */
export interface OpenStackData {
  /** `network_data.json`: links with their MAC addresses, and the networks on them. */
  readonly networkData: string;
  /** `meta_data.json`: devices with their PCI addresses, which are only a hint; absent where it could not be read. */
  readonly metaData?: string | undefined;
}

const linkSchema = z.object({ id: z.string(), ethernet_mac_address: macSchema });
const networkSchema = z.object({ link: z.string(), network_id: networkIdSchema });
const deviceSchema = z.object({
  mac: macSchema,
  address: z.string().regex(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i),
});

const networkDataSchema = z.object({ links: z.array(z.unknown()), networks: z.array(z.unknown()) });
const metaDataSchema = z.object({ devices: z.array(z.unknown()).default([]) });

/**
 * The ports of an OpenStack guest. Entries of other kinds, such as VLANs and bonds, have no port of their own and are
 * passed over, as are those that make no sense. One port can have several networks of Neutron's subnets: they have the
 * same id.
 * @throws {MetadataError} when `network_data.json` is none
 */
export function readOpenStackPorts({ networkData, metaData }: OpenStackData): KnownPort[] {
  const { links, networks } = parse('network_data.json', networkData, networkDataSchema);
  const addresses = new Map(devicesOf(metaData).map(({ mac, address }) => [mac, address.toLowerCase()]));
  const macs = new Map(valid(links, linkSchema).map(({ id, ethernet_mac_address }) => [id, ethernet_mac_address]));
  return valid(networks, networkSchema).flatMap(({ link, network_id }) => {
    const mac = macs.get(link);
    if (mac === undefined) return [];
    const pciAddress = addresses.get(mac);
    return { mac, network: `openstack/NetworkID:${network_id}`, ...(pciAddress !== undefined && { pciAddress }) };
  });
}

/** The file only gives hints: without it ports without an interface are not known. */
function devicesOf(metaData: string | undefined): z.output<typeof deviceSchema>[] {
  if (metaData === undefined) return [];
  try {
    return valid(parse('meta_data.json', metaData, metaDataSchema).devices, deviceSchema);
  } catch (error) {
    if (error instanceof MetadataError) return [];
    throw error;
  }
}

function valid<T>(entries: readonly unknown[], schema: z.ZodType<T>): T[] {
  return entries.slice(0, MOST_PORTS).flatMap((entry) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

function parse<T>(name: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MetadataError(`${name} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MetadataError(`${name} does not have what Nova writes into it`, { cause: parsed.error });
}
