import { type OperatorConfigSpec, type OwnerReference, type Resource } from '@sriov/api';
import { type OperandObject } from './kinds.ts';
import { type OperandSettings } from './settings.ts';

/** The operands, in the order in which a status names them. Each is deployed and reported on apart from the others. */
export const OPERANDS = [
  'config-daemon',
  'device-plugin',
  'sriov-network-device-plugin',
  'metrics-exporter',
  'cni-plugins',
] as const;

/** Name of an operand, which is the value of the label `sriovnetwork.openshift.io/operand`. */
export type OperandName = (typeof OPERANDS)[number];

/** The name of the DaemonSet of each operand. All but the device plugin's are upstream's. */
export const OPERAND_DAEMON_SETS: Readonly<Record<OperandName, string>> = {
  'config-daemon': 'sriov-network-config-daemon',
  'device-plugin': 'sriov-operator-device-plugin',
  'sriov-network-device-plugin': 'sriov-device-plugin',
  'metrics-exporter': 'sriov-network-metrics-exporter',
  'cni-plugins': 'sriov-cni-plugins',
};

/** From what the objects of operands are made. All of it was read: what is missing is no wish. */
export interface OperandInputs {
  readonly namespace: string;
  readonly config: OperatorConfigSpec;
  /** The SriovOperatorConfig: the garbage collector removes the operands with it. */
  readonly owner: OwnerReference;
  readonly settings: OperandSettings;
}

/** An object that an operand consists of. */
export interface WantedObject {
  readonly resource: Resource<OperandObject>;
  /** All that we own of it, and no more. */
  readonly object: OperandObject;
}

/** What an operand should be. */
export type Operand =
  /** `remarks`: wishes that are not carried out, as sentences. */
  | { readonly kind: 'on'; readonly objects: readonly WantedObject[]; readonly remarks: readonly string[] }
  /** Not wanted: what there is of it goes. */
  | { readonly kind: 'off' }
  /** Wanted, and cannot be made: what there is of it stays as it is. */
  | { readonly kind: 'impossible'; readonly message: string };
