import { messageOf } from '@sriov/errors';
import { type Kernel } from '@sriov/host';
import {
  type HostFacts,
  type HostPlan,
  joinReturning,
  joinWithdrawals,
  pfTitle,
  type PlanProblem,
  returningVfs,
  type StepFailure,
  stillWithdrawn,
  uncovered,
  withdrawalsOf,
  withdrawnDevices,
  withhold,
} from '@sriov/node-plan';
import { REASON } from '@sriov/api';
import { type Handover, type Returning, type Withdrawal } from '@sriov/plugin-handover';
import { type Clock } from '@sriov/runtime';
import { type HandoverFile, type HandoverFolder, writeHandover } from './handover-file.ts';
import { type KubeletNotice, NOTICE_MS, untilNoticed } from './kubelet-notice.ts';
import { syncPlugins, type Told } from './sync-plugins.ts';

/** What reaching the device plugin takes. */
export interface DevicePluginPorts {
  readonly kernel: Kernel;
  readonly folder: HandoverFolder;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
}

/** Is called with a plan whose VFs the device plugin has withdrawn. */
export type OnWithdraw = (plan: HostPlan, observed: HostFacts['observed']) => void;

/** Plans that one pass withdraws VFs for. If there are more, something else changes the host. */
const MAX_PLANS = 4;

/** What a pass wants of the hand-over. */
export interface WithdrawingPass {
  /** The file when the pass began. */
  readonly file: HandoverFile;
  /** The configuration to hand over; absent where none is known. */
  readonly config?: Handover['config'];
  /** What the host is to become. */
  readonly spec: HostFacts['spec'];
}

/** The end of a pass, as far as it bears on what stays withdrawn. */
export interface WithdrawingEnd {
  readonly facts: Pick<HostFacts, 'plannedFrom' | 'blocked' | 'observed'>;
  readonly rest: HostPlan;
  readonly failures: readonly StepFailure[];
}

/**
 * Takes VFs from the kubelet before one pass changes them, and gives them back when it has. The file is written before
 * anything else, and the device plugin reads it before it offers anything: whoever dies at whatever point leaves the
 * VFs withdrawn, and the next pass writes what is true then.
 */
export class Withdrawing {
  readonly #ports: DevicePluginPorts;
  readonly #config: Handover['config'];
  readonly #spec: HostFacts['spec'];
  readonly #unfinished: ReadonlySet<string>;
  #file: HandoverFile;
  /** Why the file does not say what was handed over last. */
  #unwritten: string | undefined;
  /** What the kubelet can no longer give to pods, or was withdrawn while no device plugin of ours was there. */
  #confirmed: readonly Withdrawal[] = [];
  #plans = 0;
  /** VFs that this pass changes and means to give back; some may not be there at the moment. */
  #returning: readonly Returning[] = [];
  readonly #holders = new Map<string, string>();
  readonly #problems = new Map<string, PlanProblem>();

  constructor(ports: DevicePluginPorts, { file, config, spec }: WithdrawingPass) {
    this.#ports = ports;
    this.#spec = spec;
    this.#file = file;
    this.#unfinished = new Set(file.handover.withdrawn.map(({ pf }) => pf));
    this.#config = config;
  }

  /** Who has been given a VF of which a look at the host may not show it, by PCI address of the VF. */
  get holders(): ReadonlyMap<string, string> {
    return this.#holders;
  }

  /** PFs whose VFs an earlier pass has withdrawn and not given back: it may have ended in the middle of its work. */
  get unfinished(): ReadonlySet<string> {
    return this.#unfinished;
  }

  /** The plan without what must not be done, because VFs could not be withdrawn. */
  restrict(plan: HostPlan): HostPlan {
    return withhold(plan, this.#problems);
  }

  /**
   * Withdraws the VFs that the plan disturbs. True: the plan can be carried out. False: look and plan again, because
   * somebody may have been given a VF meanwhile, or some could not be withdrawn. Never rejects.
   */
  async prepare(plan: HostPlan, observed: HostFacts['observed'], onWithdraw?: OnWithdraw): Promise<boolean> {
    const needed = uncovered(withdrawalsOf(plan), this.#confirmed);
    if (needed.length === 0) return true;
    this.#plans += 1;
    const forNeeded = this.#problemsFor(plan, needed);
    if (this.#plans > MAX_PLANS) {
      forNeeded(REASON.notWithdrawn, 'other VFs are to be changed at each look');
      return false;
    }
    const withdrawn = joinWithdrawals(this.#withdrawn(observed), needed);
    const returning = returningVfs({ withdrawn: needed, spec: this.#spec, observed });
    this.#returning = joinReturning(this.#returning, returning);
    const told = await this.#handOver({ withdrawn, returning: this.#returning });
    if (told.kind === 'absent' && this.#unwritten !== undefined) {
      forNeeded(REASON.handoverFailed, `${this.#unwritten}, and a device plugin that starts would offer them`);
      return false;
    }
    if (told.kind === 'absent') {
      // One that comes now reads the file before it offers anything.
      this.#confirmed = joinWithdrawals(this.#confirmed, needed);
      return true;
    }
    if (told.kind === 'silent') forNeeded(told.reason, told.cause);
    else {
      onWithdraw?.(plan, observed);
      await this.#waitForKubelet(needed, { plan, observed, held: told.answer.held });
    }
    return false;
  }

  /** Gives back what need not stay withdrawn, and returns what the device plugin says to that. Never rejects. */
  async end({ facts, rest, failures }: WithdrawingEnd): Promise<Told> {
    const withdrawn = this.#withdrawn(facts.observed);
    // As long as nothing is planned, nobody knows what is to become of VFs that are withdrawn.
    if (facts.plannedFrom === undefined) return this.#handOver({ withdrawn }, this.#file.handover.config);
    const untouched = new Set([...facts.blocked.keys(), ...this.#problems.keys()]);
    return this.#handOver({
      withdrawn: stillWithdrawn({ withdrawn, rest, failures, observed: facts.observed, untouched }),
    });
  }

  /** The text of the file. */
  get text(): string | undefined {
    return this.#file.text;
  }

  /** What the file says is withdrawn. Where it cannot be understood, that may be the VFs of any PF. */
  #withdrawn({ interfaces, problems }: HostFacts['observed']): readonly Withdrawal[] {
    const { handover, isDamaged } = this.#file;
    if (isDamaged !== true) return handover.withdrawn;
    const pfs = new Set([...interfaces, ...problems].map(({ pciAddress }) => pciAddress));
    return [...pfs].map((pf) => ({ pf, because: 'the hand-over file was damaged' }));
  }

  async #handOver(
    { withdrawn, returning }: Pick<Handover, 'withdrawn' | 'returning'>,
    config = this.#config,
  ): Promise<Told> {
    const { folder, kernel } = this.#ports;
    this.#unwritten = undefined;
    try {
      this.#file = await writeHandover(folder, { config, withdrawn, returning }, this.#file);
    } catch (error) {
      this.#unwritten = `the hand-over file cannot be written: ${messageOf(error)}`;
    }
    const told = await syncPlugins(kernel);
    return told.kind === 'answered' && this.#unwritten !== undefined
      ? { kind: 'silent', reason: REASON.handoverFailed, cause: this.#unwritten }
      : told;
  }

  async #waitForKubelet(
    needed: readonly Withdrawal[],
    {
      plan,
      observed,
      held,
    }: { readonly plan: HostPlan; readonly observed: HostFacts['observed']; readonly held: readonly string[] },
  ): Promise<void> {
    const devices = withdrawnDevices(needed, observed);
    // Those that are held are given to nobody, whatever the kubelet believes.
    const notice = await untilNoticed(
      this.#ports,
      [...devices.keys()].filter((id) => !held.includes(id)),
    );
    for (const [id, who] of notice.taken) this.#holders.set(id, who);
    // What the kubelet has begun to give away before it took note is on its way to the plugin.
    const told = await syncPlugins(this.#ports.kernel);
    if (told.kind === 'answered') for (const id of told.answer.allocating) this.#holders.set(id, BEING_GIVEN);
    const late = new Set(notice.late.flatMap((id) => devices.get(id) ?? []));
    const [missed, done] = [needed.filter(({ pf }) => late.has(pf)), needed.filter(({ pf }) => !late.has(pf))];
    this.#problemsFor(plan, missed)(REASON.notWithdrawn, lateness(notice));
    if (told.kind === 'silent') this.#problemsFor(plan, done)(told.reason, told.cause);
    else this.#confirmed = joinWithdrawals(this.#confirmed, done);
  }

  #problemsFor(plan: HostPlan, withdrawals: readonly Withdrawal[]): (reason: Refused, cause: string) => void {
    const names = new Map(plan.pfs.map((pf) => [pf.pciAddress, pfTitle(pf)]));
    return (reason, cause) => {
      for (const { pf: pciAddress } of withdrawals) {
        const message = `${names.get(pciAddress) ?? pciAddress}: ${cause}: VFs that pods can be given are not changed`;
        this.#problems.set(pciAddress, { pciAddress, reason, message });
      }
    };
  }
}

type Refused = (typeof REASON)['notWithdrawn' | 'devicePluginSilent' | 'handoverFailed'];

const BEING_GIVEN = 'a pod that the kubelet is giving it to';

function lateness({ late, unknown }: KubeletNotice): string {
  if (unknown !== undefined) return `the kubelet does not say which VFs it can give to pods (${unknown})`;
  return `after ${NOTICE_MS / 1000} s the kubelet can still give ${late.length} of them to pods, such as ${late[0]}`;
}
