import { EffectError, type Kernel, readVfInfos, type VfInfo } from '@sriov/host';
import { type PfPlan, type VfStep } from '@sriov/node-plan';

type VfInfos = Awaited<ReturnType<typeof readVfInfos>>;

/**
 * Looks whether the PF prescribes what it was told to for its VFs: the kernel hands it on to the driver, and some
 * drivers or their firmware drop it in silence, and so may a tool. It is looked at before a driver is bound, because no
 * later pass interrupts a VF for the address that it lacks. One command does for all VFs that were told at the same time.
 */
export class ToldVfs {
  readonly #kernel: Kernel;
  readonly #plan: PfPlan;
  #running: Promise<unknown> = Promise.resolve();
  /** The look that has not begun. */
  #next: Promise<VfInfos | undefined> | undefined;

  constructor({ kernel, plan }: { readonly kernel: Kernel; readonly plan: PfPlan }) {
    this.#kernel = kernel;
    this.#plan = plan;
  }

  /**
   * What cannot be read is not taken for lost.
   * @throws {EffectError} when the PF was told something by this step, and prescribes something else
   */
  async demand(id: number, step: VfStep): Promise<void> {
    const word = TOLD[step.kind];
    if (word === undefined) return;
    const present = (await this.#look())?.get(id);
    const lost = present && describeLoss(step, present);
    if (lost === undefined) return;
    const detail = `${lost}: its driver or firmware keeps it from that`;
    throw new EffectError({ verb: 'exec', path: `ip link set dev ${this.#plan.name} vf ${id} ${word}`, detail });
  }

  /** A look that begins after this call, shared by all that call before it begins. */
  #look(): Promise<VfInfos | undefined> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const look = readVfInfos(this.#kernel, this.#plan.name).catch(() => undefined);
      this.#running = look;
      return look;
    });
    return this.#next;
  }
}

/** Steps by which a PF is told something, and the word of `ip` for it. */
const TOLD: Partial<Record<VfStep['kind'], string>> = {
  'set-vf-mac': 'mac',
  'set-vf-guid': 'node_guid',
  'set-vf-link-state': 'state',
};

function describeLoss(step: VfStep, { adminMac, guids, linkState }: VfInfo): string | undefined {
  switch (step.kind) {
    case 'set-vf-mac':
      return compare(`MAC address ${step.mac}`, adminMac?.toLowerCase() === step.mac.toLowerCase(), adminMac ?? 'none');
    // Older kernels tell neither GUIDs nor the state of the link.
    case 'set-vf-guid':
      return guids && compareGuids(step.guid, guids);
    case 'set-vf-link-state':
      return linkState && compare(`link state ${step.state}`, linkState === step.state, linkState);
    default:
      return undefined;
  }
}

function compareGuids(wanted: string, { node, port }: NonNullable<VfInfo['guids']>): string | undefined {
  return compare(`GUID ${wanted}`, node === wanted && port === wanted, `node GUID ${node} and port GUID ${port}`);
}

function compare(wanted: string, isThere: boolean, present: string): string | undefined {
  if (isThere) return undefined;
  return `${wanted} was asked for, ip reported no error, and the PF prescribes ${present}`;
}
