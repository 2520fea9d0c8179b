import {
  type Condition,
  CONDITION,
  LABEL,
  type NodeStateStatus,
  type ObservedInterface,
  REASON,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  SYNC_STATUS,
} from '@sriov/api';
import { type Node } from '@sriov/kube';
import { type Flags } from './flags.ts';

/** Size of the synthetic fleet. */
export type FleetSize = Pick<Flags, 'nodes' | 'nics' | 'vfs' | 'policies'>;

/** Label by which policies select a part of the nodes. */
const GROUP_LABEL = 'fleet.example/group';
/** The nodes fall into so many parts. */
const GROUPS = 10;
/** Name of the policy about every node. */
export const ALL = 'all';
/** Name of the policy about one node. */
export const ONE = 'one';

/** Name of a node, counted from 0. */
export function nodeName(index: number): string {
  return `fleet-worker-${String(index).padStart(5, '0')}`;
}

/** A node as the operator sees it: a healthy Linux worker with a few labels. */
export function nodeObject(index: number): Node {
  const name = nodeName(index);
  const labels = {
    [LABEL.worker]: '',
    [LABEL.os]: 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'topology.kubernetes.io/zone': `zone-${index % 3}`,
    [GROUP_LABEL]: groupName(index),
  };
  return { metadata: { name, labels }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
}

function groupName(index: number): string {
  return `group-${index % GROUPS}`;
}

/**
 * The policies: one about every node on the last PF, one about the first node alone, and the others about a tenth of
 * the nodes each, spread over the PFs that are left.
 */
export function policyObjects({ nics, vfs, policies }: FleetSize): SriovNetworkNodePolicy[] {
  const groups = Array.from({ length: policies - 2 }, (_, index) =>
    policyObject(
      `group-${String(index).padStart(3, '0')}`,
      { [GROUP_LABEL]: groupName(index) },
      { vfs, pf: Math.floor(index / GROUPS) % Math.max(1, nics - 1) },
    ),
  );
  const one = policyObject(ONE, { 'kubernetes.io/hostname': nodeName(0) }, { vfs, pf: 0 });
  return [policyObject(ALL, { [LABEL.worker]: '' }, { vfs, pf: nics - 1 }), one, ...groups];
}

function policyObject(
  name: string,
  nodeSelector: Record<string, string>,
  { vfs, pf }: { readonly vfs: number; readonly pf: number },
): SriovNetworkNodePolicy {
  return {
    metadata: { name },
    spec: {
      resourceName: name.replaceAll('-', '_'),
      nodeSelector,
      nicSelector: { pfNames: [pfName(pf)] },
      numVfs: vfs,
      mtu: 1500,
      priority: name === ONE ? 1 : 50,
      deviceType: 'netdevice',
    },
  };
}

function pfName(pf: number): string {
  return `ens${pf}f0`;
}

/** What a daemon reports of a node: all PFs with all VFs, some 30 kB at 8 PFs with 16 VFs. */
export function reportedStatus({ nics, vfs }: FleetSize, state: SriovNetworkNodeState): NodeStateStatus {
  return {
    interfaces: Array.from({ length: nics }, (_, pf) => reportedPf(pf, vfs)),
    syncStatus: SYNC_STATUS.succeeded,
    conditions: [readyCondition(state)],
  };
}

/** What a daemon reports when it is done with the newest spec. */
export function readyCondition({ metadata }: SriovNetworkNodeState): Condition {
  return {
    type: CONDITION.ready,
    status: 'True',
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: REASON.inSync,
    message: 'the host is as the spec wants it',
  };
}

function reportedPf(pf: number, vfs: number): ObservedInterface {
  const slot = hex(16 + pf);
  return {
    name: pfName(pf),
    mac: `02:00:00:00:${slot}:00`,
    driver: 'ice',
    pciAddress: `0000:${slot}:00.0`,
    vendor: '8086',
    deviceID: '1592',
    mtu: 1500,
    numVfs: vfs,
    linkSpeed: '100000 Mb/s',
    linkType: 'ETH',
    linkAdminState: 'up',
    eSwitchMode: 'legacy',
    totalvfs: 128,
    Vfs: Array.from({ length: vfs }, (_, vfID) => ({
      name: `${pfName(pf)}v${vfID}`,
      mac: `02:00:00:00:${slot}:${hex(vfID)}`,
      driver: 'iavf',
      pciAddress: `0000:${slot}:${hex(1 + Math.floor(vfID / 8))}.${vfID % 8}`,
      vendor: '8086',
      deviceID: '1889',
      mtu: 1500,
      vfID,
    })),
    altNames: [`enp${16 + pf}s0f0np0`],
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
