import { z } from 'zod';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { labelMap } from './object.ts';
import { ownValue } from './own-value.ts';

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

/** True when every pair of `selector` stands in `labels`; an empty selector matches everything. */
export function matchesLabels(selector: Record<string, string>, labels: Record<string, string> = {}): boolean {
  return Object.entries(selector).every(([key, value]) => ownValue(labels, key) === value);
}
