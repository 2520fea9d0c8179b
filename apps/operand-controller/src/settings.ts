import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the operand controller. What operands are made from is in a ConfigMap, so that a change needs no restart. */
export const settingsSchema = z.object({
  ...serviceSettings,
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
});

export type Settings = z.output<typeof settingsSchema>;
