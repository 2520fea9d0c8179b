import { type DesiredInterface, type ObservedInterface, type VfGroup } from '@sriov/api';
import { readElements } from '@sriov/device-plugin-config';
import { findReportedNeed } from '@sriov/node-limits';
import { pfTitle } from '@sriov/node-plan';
import { type ChangeRow } from './change-row.ts';
import { bridgeRows } from './bridge-rows.ts';
import { compareTexts, NOTHING } from './compare-texts.ts';
import { ESWITCH_MODE, hostCounts, type HostPf, hostRows } from './host-rows.ts';
import { type PlannedNode } from './plan-cluster.ts';

/** What changes on a node. */
export interface NodeChange {
  readonly rows: readonly ChangeRow[];
  readonly vfsCreated: number;
  readonly vfsDestroyed: number;
}

/** How resources are shown. */
export interface ChangeStyle {
  /** Prefix of device-plugin resources, such as `openshift.io`. */
  readonly resourcePrefix: string;
}

/** Compares what the node has with what is planned, and with what its daemon will do. */
export function nodeChange(node: PlannedNode, style: ChangeStyle): NodeChange {
  const pfs = pfChanges(node);
  const counts = pfs.flatMap((pf) => hostCounts(pf) ?? []);
  return {
    rows: [...pfs.flatMap((pf) => pfRows(pf, style)), ...nodeRows(node)],
    vfsCreated: sum(counts.map(({ created }) => created)),
    vfsDestroyed: sum(counts.map(({ destroyed }) => destroyed)),
  };
}

/** A PF: its present entry, its planned entry, and what its daemon will do. */
interface PfChange extends HostPf {
  readonly before: DesiredInterface | undefined;
  readonly after: DesiredInterface | undefined;
  /** Why the daemon does nothing to the PF, or nothing before a reboot. */
  readonly stays: string | undefined;
}

function pfChanges({ before: { state }, plan, host }: PlannedNode): PfChange[] {
  const [before, after] = [byAddress(state?.spec?.interfaces), byAddress(plan.spec.interfaces)];
  const [nics, steps] = [byAddress(state?.status?.interfaces), byAddress(host?.pfs)];
  const taken = byAddress(host?.taken);
  return [...new Set([...before.keys(), ...after.keys(), ...steps.keys()])].sort().map((pciAddress) => {
    return {
      pciAddress,
      nic: nics.get(pciAddress),
      before: before.get(pciAddress),
      after: after.get(pciAddress),
      steps: steps.get(pciAddress),
      stays: taken.has(pciAddress) ? undefined : whyItStays(host, after.get(pciAddress), nics.get(pciAddress)),
    };
  });
}

function whyItStays(
  host: PlannedNode['host'],
  after: DesiredInterface | undefined,
  nic: ObservedInterface | undefined,
): string | undefined {
  if (host === undefined || after === undefined) return undefined;
  const reason = host.problems.find(({ pciAddress }) => pciAddress === after.pciAddress)?.reason;
  if (reason !== undefined) return `refused by the daemon: ${reason}`;
  const need = nic && findReportedNeed(after, nic);
  return need && `comes with a reboot: ${need.why}`;
}

function byAddress<T extends { readonly pciAddress: string }>(items: readonly T[] = []): Map<string, T> {
  return new Map(items.map((item) => [item.pciAddress, item]));
}

/** The other settings of an entry, and their names in the plan. */
const PF_SETTINGS = [
  ['linkType', 'link type'],
  ['eSwitchMode', ESWITCH_MODE],
  ['externallyManaged', 'managed externally'],
] as const;

function pfRows(pf: PfChange, style: ChangeStyle): ChangeRow[] {
  const { before, after, stays } = pf;
  const subject = subjectOf(pf);
  if (stays !== undefined) return [{ subject, setting: 'nothing is done', before: NOTHING, after: stays }];
  const texts = [
    ...PF_SETTINGS.map(([field, setting]) => ({ setting, before: before?.[field], after: after?.[field] })),
    // Only the daemon knows the MTU that it restores.
    ...(after === undefined ? [{ setting: 'MTU', before: before?.mtu, after: undefined }] : []),
    ...groupRows(pf, style),
  ].map((row) => ({ ...row, subject, before: shown(row.before), after: shown(row.after) }));
  const ofHost = hostRows(pf);
  // Where the daemon changes it, what the PF has counts, and not what was wanted of it before.
  const isOfHost = ({ setting }: { readonly setting: string }): boolean =>
    setting === ESWITCH_MODE && ofHost.some((row) => row.setting === ESWITCH_MODE);
  const ofSpec = texts.filter((row) => row.before !== row.after && !isOfHost(row));
  return [...ofHost.map((row) => ({ subject, ...row })), ...ofSpec];
}

function subjectOf({ pciAddress, nic, before, after }: PfChange): string {
  return pfTitle({ name: after?.name ?? nic?.name ?? before?.name, pciAddress });
}

function shown(value: string | number | boolean | undefined): string {
  return String(value ?? NOTHING);
}

/** The old and new description of each range of VFs. */
function groupRows(
  pf: PfChange,
  style: ChangeStyle,
): { readonly setting: string; readonly before: string | undefined; readonly after: string | undefined }[] {
  const [before, after] = [describeGroups(pf.before?.vfGroups, style), describeGroups(pf.after?.vfGroups, style)];
  const first = (range: string): number => Number.parseInt(range, 10) || 0;
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort((a, b) => first(a) - first(b))
    .map((range) => ({ setting: `VFs ${range}`, before: before.get(range), after: after.get(range) }));
}

function describeGroups(groups: readonly VfGroup[] = [], { resourcePrefix }: ChangeStyle): Map<string, string> {
  return new Map(groups.map((group) => [group.vfRange ?? '', describeGroup(group, resourcePrefix)]));
}

function describeGroup(
  { resourceName, deviceType, mtu, isRdma, vdpaType, policyName }: VfGroup,
  prefix: string,
): string {
  return [
    resourceName ? `${prefix}/${resourceName}` : 'no resource',
    deviceType,
    mtu && `MTU ${mtu}`,
    isRdma && 'RDMA',
    vdpaType && `vDPA ${vdpaType}`,
    policyName && `policy ${policyName}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function nodeRows({ before, plan, host }: PlannedNode): ChangeRow[] {
  const { state, devicePluginConfig, devicePluginLabel = 'Disabled' } = before;
  const after = plan.devicePluginLabel ?? devicePluginLabel;
  const rows: ChangeRow[] = [
    { subject: 'node', setting: 'device plugin', before: devicePluginLabel, after },
    { subject: 'node', setting: 'RDMA mode', ...rdmaModes({ before, plan, host }) },
    ...bridgeRows({ before: state?.spec, after: plan.spec, steps: host?.bridges }),
    ...resourceRows(devicePluginConfig, plan),
  ];
  return rows.filter((row) => row.before !== row.after);
}

/** Where the daemon switches the mode, what the node has counts, and not what was wanted of it before. */
function rdmaModes({
  before,
  plan,
  host,
}: Pick<PlannedNode, 'before' | 'plan' | 'host'>): Pick<ChangeRow, 'before' | 'after'> {
  const isSwitched = host?.node?.steps.some(({ kind }) => kind === 'set-rdma-mode') === true;
  const { spec, status } = before.state ?? {};
  const { system: present } = (isSwitched ? status : spec) ?? {};
  return { before: shown(present?.rdmaMode), after: shown(plan.spec.system?.rdmaMode) };
}

/** Resources of the device plugin. The old ones are not known when the configuration is not in the input. */
function resourceRows(before: string | undefined, { devicePluginConfig: after }: PlannedNode['plan']): ChangeRow[] {
  if (before === undefined || after === undefined || before === after) return [];
  const rows = compareTexts(resourcesOf(before), resourcesOf(after));
  return rows.map((row) => ({ subject: 'device plugin', ...row }));
}

function resourcesOf(config: string): Map<string, string> {
  // When the old text cannot be read, everything in the new one counts as new.
  return new Map([...readElements(config)].map(([name, element]) => [name, JSON.stringify(element)]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
