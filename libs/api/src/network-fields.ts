import { z } from 'zod';
import { conditionsSchema } from './conditions.ts';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { type ValidationRule } from './object.ts';

/** Fields that SriovNetwork, SriovIBNetwork and OVSNetwork share. */
export const networkFields = {
  networkNamespace: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe(
      'Namespace of the NetworkAttachmentDefinition. Allowed only for objects in the operator namespace; elsewhere it is the namespace of the object itself.',
    ),
  resourceName: z
    .string()
    .max(FIELD_BOUNDS.name)
    .describe('Device-plugin resource without its prefix, as in the policy.'),
  capabilities: z
    .string()
    .max(FIELD_BOUNDS.capabilities)
    .optional()
    .describe('CNI capabilities, a JSON object such as {"mac": true}.'),
  ipam: z.string().max(FIELD_BOUNDS.json).optional().describe('CNI IPAM configuration, a JSON object.'),
  metaPlugins: z
    .string()
    .max(FIELD_BOUNDS.json)
    .optional()
    .describe('Further CNI plugins in the chain after this one: JSON objects separated by commas, without brackets.'),
};

/** Rules of admission that hold for all three kinds. */
export const networkValidations: readonly ValidationRule[] = [
  {
    rule: "self.resourceName.matches('^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$')",
    message:
      'spec.resourceName must be 1 to 63 letters, digits, "-" or "_", without the prefix: intelnics, not openshift.io/intelnics',
  },
];

/** `linkState` of SriovNetwork and SriovIBNetwork. */
export const linkState = z.enum(['auto', 'enable', 'disable']).optional().describe('Link state of the VF.');

/** Status of the three network kinds. */
export const networkStatusSchema = z.object({ conditions: conditionsSchema });

/** `kubectl get` columns of the kinds that report one Ready condition. */
export const readyColumns = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;
