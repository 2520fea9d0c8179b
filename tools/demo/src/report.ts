import { type ObservedInterface, type SriovNetworkNodeState, type VirtualFunction } from '@sriov/api';
import { alignColumns } from '@sriov/words';
import { groupOf, type Outcome } from './outcome.ts';

/** What happened, as tables for people. */
export function reportLines({ state, attachments, laps }: Outcome): string[] {
  const node = state.metadata.name;
  return [
    '',
    ...alignColumns([['NODE', 'SYNC STATUS', 'PFS', 'VFS'], nodeRow(state)]),
    '',
    ...alignColumns([['PF', 'ADDRESS', 'DRIVER', 'MTU', 'VFS', 'OF AT MOST'], ...pfsOf(state).map(pfRow)]),
    '',
    ...alignColumns([['VF', 'ADDRESS', 'DRIVER', 'INTERFACE', 'MTU', 'RESOURCE', 'POLICY'], ...vfRows(state)]),
    '',
    ...attachments.flatMap((attachment) =>
      attachment
        ? [
            `NetworkAttachmentDefinition ${attachment.metadata.namespace}/${attachment.metadata.name}`,
            ...(attachment.spec?.config ?? '').split('\n').map((line) => `  ${line}`),
            '',
          ]
        : [],
    ),
    ...alignColumns([['STEP', 'SECONDS'], ...laps.map(({ name, seconds }) => [name, seconds.toFixed(2)])]),
    '',
    `node ${node}: ${state.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? ''}`,
  ];
}

/** PFs that can have VFs. */
function pfsOf({ status }: SriovNetworkNodeState): ObservedInterface[] {
  return (status?.interfaces ?? []).filter(({ totalvfs = 0 }) => totalvfs > 0);
}

function nodeRow(state: SriovNetworkNodeState): string[] {
  const pfs = pfsOf(state);
  const vfs = pfs.reduce((sum, { numVfs = 0 }) => sum + numVfs, 0);
  return [state.metadata.name, state.status?.syncStatus ?? '', String(pfs.length), String(vfs)];
}

function pfRow({ name = '', pciAddress, driver = '', mtu, numVfs = 0, totalvfs }: ObservedInterface): string[] {
  return [name, pciAddress, driver, String(mtu ?? ''), String(numVfs), String(totalvfs ?? '')];
}

function vfRows(state: SriovNetworkNodeState): string[][] {
  return pfsOf(state).flatMap((pf) => {
    const groups = state.spec?.interfaces?.find(({ pciAddress }) => pciAddress === pf.pciAddress)?.vfGroups ?? [];
    return (pf.Vfs ?? []).map((vf) => vfRow(pf, vf, groupOf(vf, groups)));
  });
}

function vfRow(pf: ObservedInterface, vf: VirtualFunction, group: ReturnType<typeof groupOf>): string[] {
  return [
    `${pf.name ?? ''} ${vf.vfID}`,
    vf.pciAddress,
    vf.driver ?? '-',
    vf.name ?? '-',
    String(vf.mtu ?? '-'),
    group?.resourceName ?? '-',
    group?.policyName ?? '-',
  ];
}
