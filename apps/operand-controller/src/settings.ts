import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the operand controller. What operands are made from is in a ConfigMap, so that a change needs no restart. */
export const settingsSchema = z.object({
  ...serviceSettings,
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  remove: z
    .enum(['operands', 'operands-and-operator-config'])
    .optional()
    .describe(
      'Remove all operands, the label of nodes that need a device plugin, and the Leases, and exit: for an uninstallation. operands-and-operator-config also removes the SriovOperatorConfig, if the chart asked for it',
    ),
});

export type Settings = z.output<typeof settingsSchema>;
