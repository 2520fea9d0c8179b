import { REASON } from '@sriov/api';
import { type DeviceUse, type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { FEW, listSome } from '@sriov/words';
import { changesAllVfs } from './changes-all-vfs.ts';
import { type HostPlan } from './steps.ts';

/** All that was found about the users of a device, PF or VF. */
type WithUses = Pick<ObservedVf, 'uses'>;

/** Uses by the host's own network. */
const HOST_USES: readonly DeviceUse['kind'][] = ['default-route', 'part-of', 'carries', 'address', 'route'];

/** What the host's own network does with the device. It does not end when the pods of the node are gone. */
export function hostUses({ uses = [] }: WithUses): readonly DeviceUse[] {
  return uses.filter(({ kind }) => HOST_USES.includes(kind));
}

/** True when somebody was seen who uses the device; a use that is assumed, or could not be read, tells of nobody. */
export function hasKnownUser({ uses = [] }: WithUses): boolean {
  return uses.some(({ kind }) => kind !== 'assumed' && kind !== 'unknown');
}

/** True when nobody but the host's own network uses the device. */
export function isHostUse({ uses = [] }: WithUses): boolean {
  return uses.length > 0 && uses.length === hostUses({ uses }).length;
}

/**
 * Who uses a device, PF or VF, in words that follow "in use by"; `undefined` when it is free. This alone decides what
 * in use means: a device with any use is not touched, and a use that could not be read counts as well.
 */
export function holderOf({ uses = [] }: WithUses): string | undefined {
  if (uses.length === 0) return undefined;
  const pods = uses.flatMap((use) => (use.kind === 'allocated' ? [use.to] : []));
  const others = pods.length === 0 ? uses.filter(({ kind }) => kind === 'namespace').map(() => IN_A_POD) : [];
  const processes = uses.flatMap((use) => (use.kind === 'process' ? [describeProcess(use)] : []));
  const vdpas = uses.flatMap((use) =>
    use.kind === 'vdpa' ? [`vDPA device ${use.name}, which somebody else has made`] : [],
  );
  const host = uses.flatMap(describeHostUse);
  const known = [
    ...pods,
    ...processes,
    ...others,
    ...vdpas,
    ...(host.length > 0 ? [`the host (${listSome(host, FEW)})`] : []),
  ];
  if (known.length > 0) return listSome(known, FEW);
  const [assumed] = uses.flatMap((use) => (use.kind === 'assumed' ? [use.by] : []));
  if (assumed !== undefined) return `anybody, as ${assumed} assumes`;
  const causes = uses.flatMap((use) => (use.kind === 'unknown' ? [use.cause] : []));
  return `an unknown user, because something could not be read: ${listSome(causes, FEW)}`;
}

const IN_A_POD = 'a pod (its interface is in another network namespace)';

function describeProcess({ pid, command }: Extract<DeviceUse, { kind: 'process' }>): string {
  return `process ${pid}${command === '' ? '' : ` (${command})`}`;
}

function describeHostUse(use: DeviceUse): string[] {
  switch (use.kind) {
    case 'default-route':
      return ['its default route'];
    case 'part-of':
      return [`part of ${use.master}`];
    case 'representor':
      return [`its representor ${use.name} is part of ${use.master}`];
    case 'carries':
      return [`${use.type ?? 'interface'} ${use.name} on top of it`];
    case 'address':
      return [`address ${use.address}`];
    case 'route':
      return [`route to ${use.destination}`];
    default:
      return [];
  }
}

/** The VFs in use and by whom, such as "VF 1, 2 by pod default/web"; nothing when all are free. */
export function describeHeld(vfs: readonly ObservedVf[]): string | undefined {
  const byHolder = new Map<string, number[]>();
  for (const vf of vfs) {
    const holder = holderOf(vf);
    if (holder !== undefined) byHolder.set(holder, [...(byHolder.get(holder) ?? []), vf.id]);
  }
  if (byHolder.size === 0) return undefined;
  return [...byHolder].map(([holder, ids]) => `VF ${ids.join(', ')} by ${holder}`).join(', ');
}

/**
 * The host with holders of VFs that only others know of: who, by PCI address of the VF, in words that follow "in use
 * by".
 */
export function withHolders(host: ObservedHost, holders: ReadonlyMap<string, string>): ObservedHost {
  if (holders.size === 0) return host;
  const held = (vf: ObservedVf): ObservedVf => {
    const to = holders.get(vf.pciAddress);
    const isKnown = vf.uses?.some(({ kind }) => kind === 'allocated') === true;
    return to === undefined || isKnown ? vf : { ...vf, uses: [{ kind: 'allocated', to }, ...(vf.uses ?? [])] };
  };
  return {
    ...host,
    interfaces: host.interfaces.map((pf) =>
      pf.sriov ? { ...pf, sriov: { ...pf.sriov, vfs: pf.sriov.vfs.map(held) } } : pf,
    ),
  };
}

/**
 * PCI addresses of the PFs on which a plan disturbs VFs that exist, or would if they were free. Before the plan is
 * carried out, their users have to be looked for more closely than in an ordinary look at the host, which shows that a
 * pod has a VF, and not which one.
 */
export function pfsWithDisturbedVfs(
  plan: Pick<HostPlan, 'pfs' | 'problems'>,
  { interfaces }: Pick<ObservedHost, 'interfaces'>,
): string[] {
  const present = new Map(interfaces.map((pf: ObservedPf) => [pf.pciAddress, pf.sriov?.vfs.length ?? 0]));
  const disturbed = plan.pfs
    .filter(({ pciAddress }) => (present.get(pciAddress) ?? 0) > 0)
    .filter((pf) => pf.vfs.length > 0 || changesAllVfs(pf));
  const held = plan.problems.filter(({ reason }) => reason === REASON.vfInUse);
  return [...new Set([...disturbed, ...held].flatMap(({ pciAddress }) => pciAddress ?? []))];
}
