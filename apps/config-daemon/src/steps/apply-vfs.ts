import { LinkBatch, listVfAddresses } from '@sriov/host';
import { changesAllVfs, type VfPlan, type VfStep } from '@sriov/node-plan';
import { type Clock } from '@sriov/runtime';
import pLimit from 'p-limit';
import { applyVfStep, type StepWork } from './apply-step.ts';
import { attempt, type OnStep } from './attempt.ts';
import { type FailedStep, isBlocked } from './failed-step.ts';
import { vfStepName } from './step-names.ts';
import { ToldVfs } from './told-vfs.ts';

/** What the VFs of a PF are changed with. */
export interface VfsWork extends StepWork {
  readonly onStep: OnStep;
  readonly sleep: Clock['sleep'];
  /** VFs whose drivers are changed at the same time. */
  readonly vfsAtOnce: number;
}

/**
 * Changes the VFs of a PF, side by side. What is set by `ip` before a driver is changed, and after that, is set for all
 * VFs together.
 */
export async function applyVfs(work: VfsWork): Promise<FailedStep[]> {
  const { kernel, plan, vfsAtOnce, sleep } = work;
  // Without their addresses each VF fails with the cause.
  const addresses = await addressesOf(work).catch((): Map<number, string> => new Map());
  const told = new ToldVfs(work);
  const vfs = plan.vfs.map((vf) => new VfRun({ ...work, told }, vf, addresses.get(vf.id)));
  const first = new LinkBatch({ kernel, sleep, members: vfs.filter(({ phases }) => phases.first.length > 0).length });
  const last = new LinkBatch({ kernel, sleep, members: vfs.filter(({ phases }) => phases.last.length > 0).length });
  const limit = pLimit(vfsAtOnce);
  let threads = vfsAtOnce;
  const bind = (vf: VfRun): Promise<void> =>
    limit(async () => {
      if (threads === 0) vf.skip();
      await vf.do(vf.phases.driver);
      // A thread was given up with the call: no VF gets another one in its place.
      if (vf.failure !== undefined && isBlocked(vf.failure)) limit.concurrency = Math.max(1, (threads -= 1));
    });
  await Promise.all(
    vfs.map(async (vf) => {
      await vf.share(first, vf.phases.first);
      if (vf.phases.driver.length > 0 && vf.failure === undefined) await bind(vf);
      await vf.share(last, vf.phases.last);
    }),
  );
  return vfs.flatMap(({ failure }) => failure ?? []);
}

/** The addresses of the VFs by their indexes. A port of a virtual machine is its own VF. */
async function addressesOf({ kernel, plan }: StepWork): Promise<Map<number, string>> {
  return plan.isPort ? new Map([[0, plan.pciAddress]]) : listVfAddresses(kernel, plan.pciAddress);
}

/** The steps of a VF: those that one process of `ip` can make for all VFs, and between them those of its driver. */
interface Phases {
  readonly first: readonly VfStep[];
  readonly driver: readonly VfStep[];
  readonly last: readonly VfStep[];
}

function phasesOf({ steps }: VfPlan): Phases {
  const isOfDriver = ({ kind }: VfStep): boolean => !BY_IP.includes(kind);
  const begin = steps.findIndex(isOfDriver);
  if (begin === -1) return { first: steps, driver: [], last: [] };
  const end = steps.findLastIndex(isOfDriver) + 1;
  return { first: steps.slice(0, begin), driver: steps.slice(begin, end), last: steps.slice(end) };
}

/** Steps that are one call of `ip link set`. */
const BY_IP: readonly VfStep['kind'][] = ['set-vf-mac', 'set-vf-guid', 'set-vf-link-state', 'set-vf-mtu'];

/** Steps that take the VF away from its user, or that its user would feel. */
const TAKES_AWAY: readonly VfStep['kind'][] = [
  'unbind-vf',
  'bind-vf',
  'set-vf-guid',
  'set-vf-link-state',
  'bind-vdpa',
  'remove-vdpa',
];

/** A VF while its steps are done. None is done after one that failed. */
class VfRun {
  readonly phases: Phases;
  readonly #work: VfsWork & { readonly told: ToldVfs };
  readonly #id: number;
  readonly #pciAddress: string | undefined;
  /** Nobody can have taken the VF. */
  #isFree: boolean;
  #failure: FailedStep | undefined;
  #isSkipped = false;

  constructor(work: VfsWork & { readonly told: ToldVfs }, vf: VfPlan, pciAddress: string | undefined) {
    this.phases = phasesOf(vf);
    this.#work = work;
    this.#id = vf.id;
    this.#pciAddress = pciAddress;
    const isNew = changesAllVfs(work.plan);
    this.#isFree = isNew || !vf.steps.some(({ kind }) => TAKES_AWAY.includes(kind));
  }

  get failure(): FailedStep | undefined {
    return this.#failure;
  }

  /** Leaves the steps that follow undone. */
  skip(): void {
    this.#isSkipped = true;
  }

  /** Does the steps, their calls of `ip` together with those of other VFs. */
  async share(batch: LinkBatch, steps: readonly VfStep[]): Promise<void> {
    if (steps.length === 0) return;
    await this.do(steps, batch.kernel);
    batch.leave();
  }

  /** Does the steps up to the first that fails. */
  async do(steps: readonly VfStep[], kernel = this.#work.kernel): Promise<void> {
    for (const step of steps) {
      if (this.#failure !== undefined || this.#isSkipped) return;
      const about = vfStepName(this.#work.plan, this.#id, step);
      this.#failure = await attempt(about, this.#work.onStep, () => this.#do(step, kernel));
    }
  }

  async #do(step: VfStep, kernel: StepWork['kernel']): Promise<void> {
    const { plan, lastLook, told } = this.#work;
    if (this.#pciAddress === undefined) throw new Error('the PF has no such VF');
    if (!this.#isFree) await lastLook.demandFree(plan.pciAddress, this.#id);
    this.#isFree = true;
    await applyVfStep({ ...this.#work, kernel }, { id: this.#id, pciAddress: this.#pciAddress }, step);
    await told.demand(this.#id, step);
  }
}
