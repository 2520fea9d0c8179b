import { type Manifest } from '@sriov/control-plane';

/** Which parts of the chart. */
export type ChartPart = 'crds' | 'rights' | 'registration' | 'workloads' | 'configuration';

/**
 * Kinds by the part that they belong to: workloads are what needs nodes to run on, rights are the accounts and what
 * they may do, registration is what makes the API server ask the webhook. All other kinds are configuration.
 */
const PART_OF_KIND: Readonly<Record<string, ChartPart>> = {
  CustomResourceDefinition: 'crds',
  ServiceAccount: 'rights',
  Role: 'rights',
  RoleBinding: 'rights',
  ClusterRole: 'rights',
  ClusterRoleBinding: 'rights',
  ValidatingAdmissionPolicy: 'rights',
  ValidatingAdmissionPolicyBinding: 'rights',
  MutatingWebhookConfiguration: 'registration',
  ValidatingWebhookConfiguration: 'registration',
  Deployment: 'workloads',
  DaemonSet: 'workloads',
  Service: 'workloads',
  PodDisruptionBudget: 'workloads',
  NetworkPolicy: 'workloads',
};

/** The part of the chart that an object belongs to. */
export function partOf({ kind }: Manifest): ChartPart {
  return PART_OF_KIND[kind] ?? 'configuration';
}
