import { messageOf } from '@sriov/errors';
import { faultOfHost, type Kernel, readDmi } from '@sriov/host';
import { assignPorts, type KnownPort, type Platform, type PortAssignment, recognisePlatform } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { type Clock } from '@sriov/runtime';
import { type MetadataService, MetadataServiceError } from './metadata-service.ts';
import { readAws } from './read-aws.ts';
import { readOpenStack } from './read-openstack.ts';

/** What finding out about the platform works with. */
export interface PlatformPorts {
  readonly kernel: Kernel;
  readonly metadata: MetadataService;
  /** `spec.providerID` of the node; empty where it has none. */
  readonly readProviderID: () => Promise<string>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
}

/** What a look at a host learns of its platform. */
export interface PlatformLook extends PortAssignment {
  /** Why the platform does not tell the networks: a sentence without a full stop. */
  readonly unknown?: string;
}

/** A node that did not say where it is may do so later, when the cloud controller has seen it; in milliseconds. */
const ASK_NODE_AGAIN_MS = 300_000;
/** Longest wait for all that a platform is asked for, in milliseconds. */
const ANSWER_MS = 20_000;
/** Time after which a service that did not answer is asked again, in milliseconds. */
const ASK_AGAIN_MS = 60_000;

/**
 * The platform under a virtual machine. It is asked once, and again when the host shows a device that it did not tell
 * of. On bare metal nobody is asked.
 */
export class GuestPlatform {
  readonly #ports: PlatformPorts;
  #recognised: { readonly platform: Platform; readonly isFinal: boolean; readonly at: number } | undefined;
  #answer: { readonly told?: readonly KnownPort[]; readonly unknown?: string; readonly at: number } | undefined;
  /** Devices that were there when the platform was asked. */
  #asked = '';

  constructor(ports: PlatformPorts) {
    this.#ports = ports;
  }

  /**
   * Finds the ports among the devices of the host; nothing on bare metal. What was known of them before is not lost,
   * also where the platform cannot be recognised.
   * @param remember tells that
   */
  async look(host: ObservedHost, remember: () => Promise<readonly KnownPort[]>): Promise<PlatformLook | undefined> {
    const platform = await this.#recognise().catch(unrecognised);
    if (platform === 'bare metal') return undefined;
    const remembered = await remember();
    if (typeof platform !== 'string')
      return { ...assignPorts(host, { told: this.#answer?.told, remembered }), ...platform };
    const sources = { told: this.#answer?.told, remembered };
    if (this.#isDue(host, assignPorts(host, sources))) {
      this.#asked = signatureOf(host);
      const told = await this.#ask(platform);
      // What it said before counts as long as it says nothing else.
      this.#answer = {
        ...(this.#answer?.told && { told: this.#answer.told }),
        ...told,
        at: this.#ports.clock.elapsed(),
      };
    }
    const { told, unknown } = this.#answer ?? {};
    return { ...assignPorts(host, { told, remembered }), ...(unknown !== undefined && { unknown }) };
  }

  #isDue(host: ObservedHost, { ports }: PortAssignment): boolean {
    const { unknown, at } = this.#answer ?? {};
    if (at === undefined) return true;
    if (unknown !== undefined) return this.#ports.clock.elapsed() - at >= ASK_AGAIN_MS;
    const isUnknown = host.interfaces.some(({ pciAddress, sriov }) => sriov === undefined && !ports.has(pciAddress));
    return isUnknown && this.#asked !== signatureOf(host);
  }

  async #ask(platform: Platform): Promise<{ readonly told: KnownPort[] } | { readonly unknown: string }> {
    try {
      return { told: await this.#readInTime(platform) };
    } catch (error) {
      return {
        unknown: `the metadata of ${platform} cannot be read (${messageOf(error)}): ports keep the networks that they had, and others have none`,
      };
    }
  }

  /** Each answer may take its time, and there can be many. */
  async #readInTime(platform: Platform): Promise<KnownPort[]> {
    const { kernel, metadata, clock } = this.#ports;
    const done = new AbortController();
    const expired = clock.sleep(ANSWER_MS, done.signal).then(() => {
      throw new MetadataServiceError(`no whole answer within ${ANSWER_MS / 1000} s`);
    });
    const reading = platform === 'AWS' ? readAws(metadata) : readOpenStack(kernel, metadata);
    try {
      return await Promise.race([reading, expired]);
    } finally {
      // The loser of the race is nobody's business any more.
      expired.catch(() => undefined);
      reading.catch(() => undefined);
      done.abort();
    }
  }

  async #recognise(): Promise<Platform> {
    const now = this.#ports.clock.elapsed();
    const before = this.#recognised;
    if (before !== undefined && (before.isFinal || now - before.at < ASK_NODE_AGAIN_MS)) return before.platform;
    const { kernel, readProviderID } = this.#ports;
    const providerID = await readProviderID().catch(() => '');
    const platform = recognisePlatform({ providerID, dmi: await readDmi(kernel) });
    this.#recognised = { platform, isFinal: providerID !== '', at: now };
    return platform;
  }
}

/** A machine of which nobody knows what it is may be a virtual one, whose ports are in use. */
function unrecognised(error: unknown): { readonly unknown: string } {
  return {
    unknown: `it cannot be read whether the node is a virtual machine (${faultOfHost(error)}): ports keep the networks that they had, and others have none`,
  };
}

/** The devices by address and MAC address: a port that is attached later is another. */
function signatureOf({ interfaces }: ObservedHost): string {
  return JSON.stringify(interfaces.map(({ pciAddress, link }) => [pciAddress, link?.mac]));
}
