import { type KnownPort, macSchema, MetadataError, MOST_PORTS } from './known-port.ts';

/**
 * The MAC addresses in the answer to `network/interfaces/macs/`: one a line, with a slash.
 * @throws {MetadataError} when it has none
 */
export function readAwsMacs(text: string): string[] {
  const lines = text.split('\n', MOST_PORTS).map((line) => line.trim().replace(/\/$/, ''));
  const macs = lines.flatMap((line) => macSchema.safeParse(line).data ?? []);
  if (macs.length === 0) throw new MetadataError('the list of MAC addresses has none');
  return [...new Set(macs)];
}

/** `subnet-0ab1`: what stands behind the dash is what policies name. */
const SUBNET = /^subnet-([\w.-]{1,128})$/;

/**
 * A port by the answer to `subnet-id` of its MAC address.
 * @throws {MetadataError} when that is no subnet
 */
export function readAwsPort(mac: string, text: string): KnownPort {
  const id = SUBNET.exec(text.trim())?.[1];
  if (id === undefined) throw new MetadataError(`the subnet-id of ${mac} is none`);
  return { mac, network: `aws/NetworkID:${id}` };
}
