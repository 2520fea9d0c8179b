import { readHandover } from './handover-file.ts';
import { type Told } from './sync-plugins.ts';
import { type DevicePluginPorts, Withdrawing, type WithdrawingEnd, type WithdrawingPass } from './withdrawing.ts';

/** What the device plugin has said at the end of a pass. */
export type ToldAtEnd =
  | Exclude<Told, { readonly kind: 'silent' }>
  /** `isInformed`: it has confirmed earlier what the hand-over file says now. */
  | (Extract<Told, { readonly kind: 'silent' }> & { readonly isInformed: boolean });

/** The device plugin of the node, as far as the daemon has to do with it. */
export class DevicePlugin {
  readonly #ports: DevicePluginPorts;
  /** The hand-over file that it has confirmed last. */
  #confirmed: { readonly text: string | undefined } | undefined;

  constructor(ports: DevicePluginPorts) {
    this.#ports = ports;
  }

  /** Begins a pass with what it is to hand over. */
  async begin({ config, spec }: Omit<WithdrawingPass, 'file'>): Promise<Withdrawing> {
    return new Withdrawing(this.#ports, { file: await readHandover(this.#ports.folder), config, spec });
  }

  /** Ends a pass: gives back what need not stay withdrawn. Never rejects. */
  async end(withdrawing: Withdrawing, end: WithdrawingEnd): Promise<ToldAtEnd> {
    const told = await withdrawing.end(end);
    if (told.kind === 'silent') return { ...told, isInformed: this.#confirmed?.text === withdrawing.text };
    this.#confirmed = told.kind === 'answered' ? { text: withdrawing.text } : undefined;
    return told;
  }
}
