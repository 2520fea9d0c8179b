import { faultOfHost, type Kernel, readAttribute, readFirmware, readLockdown } from '@sriov/host';
import { type AwaitedFirmware, type FirmwareFacts } from '@sriov/node-plan';
import { type FirmwareReading } from '@sriov/observed-host';

/** Whether firmware is the daemon's business. */
export interface FirmwareSettings {
  /** Why the firmware is left alone: a clause; absent where it is not. */
  readonly isOff?: string;
}

/**
 * What the firmware of the node's NICs has. A query takes seconds, so what was read is remembered: only the daemon's
 * own writes and a reboot change it, or an administrator. A reboot ends this process as well.
 */
export class CardFirmware {
  readonly #kernel: Kernel;
  readonly #settings: FirmwareSettings;
  readonly #readings = new Map<string, FirmwareReading>();
  /** NICs that may do without, and that could not be read. */
  readonly #unreadable = new Set<string>();
  #bootId: Promise<string | undefined> | undefined;

  constructor(kernel: Kernel, settings: FirmwareSettings = {}) {
    this.#kernel = kernel;
    this.#settings = settings;
  }

  /** What is known now. @param awaited settings for which a reboot was begun, as the journal has them */
  async facts(awaited: ReadonlyMap<string, AwaitedFirmware>): Promise<FirmwareFacts> {
    const matters = awaited.size + this.#readings.size > 0;
    const bootId = matters ? await (this.#bootId ??= readBootId(this.#kernel)) : undefined;
    return { ...this.#settings, readings: new Map(this.#readings), awaited, ...(bootId !== undefined && { bootId }) };
  }

  /** Reads the firmware of NICs that need it: by the NIC's address, the port to ask it by. It never rejects. */
  async read(cards: ReadonlyMap<string, string>): Promise<void> {
    await this.#readAll(cards, (card, reading) => void this.#readings.set(card, reading));
  }

  /** The same of NICs that may do without: those that cannot be read are not asked again. Whether anything was read. */
  async readIfPossible(cards: ReadonlyMap<string, string>): Promise<boolean> {
    const before = this.#readings.size;
    const asked = [...cards].filter(([card]) => !this.#unreadable.has(card));
    if (asked.length === 0) return false;
    await this.#readAll(new Map(asked), (card, reading) => {
      if (reading.kind === 'unread') this.#unreadable.add(card);
      else this.#readings.set(card, reading);
    });
    return this.#readings.size > before;
  }

  /** Nothing is remembered any more. */
  forget(): void {
    this.#readings.clear();
    this.#unreadable.clear();
  }

  /** What could not be read is asked for once more. */
  forgetFailures(): void {
    for (const [card, { kind }] of this.#readings) if (kind === 'unread') this.#readings.delete(card);
  }

  async #readAll(
    cards: ReadonlyMap<string, string>,
    onReading: (card: string, reading: FirmwareReading) => void,
  ): Promise<void> {
    const lockdown = await readLockdown(this.#kernel).catch(() => undefined);
    const read = async ([card, pciAddress]: readonly [string, string]): Promise<void> =>
      onReading(card, lockdown === undefined ? await this.#ask(pciAddress) : { kind: 'locked', lockdown });
    await Promise.all([...cards].map(read));
  }

  async #ask(pciAddress: string): Promise<FirmwareReading> {
    try {
      return { kind: 'read', firmware: await readFirmware(this.#kernel, pciAddress) };
    } catch (error) {
      return { kind: 'unread', cause: faultOfHost(error) };
    }
  }
}

function readBootId(kernel: Kernel): Promise<string | undefined> {
  return readAttribute(kernel, '/proc/sys/kernel/random/boot_id');
}
