import { z } from 'zod';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { labelMap } from './object.ts';

/** `metav1.LabelSelector`: all of matchLabels and matchExpressions must hold; an empty one selects everything. */
export const labelSelectorSchema = z
  .object({
    matchLabels: labelMap.optional().describe('Labels, all of which must be present.'),
    matchExpressions: z
      .array(
        z.object({
          key: z.string().max(FIELD_BOUNDS.labelKey).describe('Label key.'),
          operator: z.string().max(FIELD_BOUNDS.name).describe('In, NotIn, Exists or DoesNotExist.'),
          values: z
            .array(z.string().max(FIELD_BOUNDS.name))
            .max(FIELD_BOUNDS.entries)
            .meta({ 'x-kubernetes-list-type': 'atomic' })
            .optional()
            .describe('Values for In and NotIn.'),
        }),
      )
      .max(FIELD_BOUNDS.entries)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('Conditions on labels, all of which must hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

export type LabelSelector = z.infer<typeof labelSelectorSchema>;
