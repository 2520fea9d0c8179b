import { z } from 'zod';

/** The whole file. Keys are in lower case here, because the original compares them without their case. */
export const configSchema = z.object({ resourcelist: z.array(z.unknown()).nullish() });

/** One entry of the list of resources. */
export const resourceSchema = z.object({
  resourcename: z
    .string()
    .nullish()
    .transform((name) => name ?? ''),
  resourceprefix: z.string().nullish(),
  devicetype: z
    .enum(['netDevice', 'accelerator', 'auxNetDevice'])
    .nullish()
    .transform((type) => type ?? 'netDevice'),
  excludetopology: z
    .boolean()
    .nullish()
    .transform((isExcluded) => isExcluded ?? false),
  selectors: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).nullish(),
  additionalinfo: z.unknown().optional(),
  // The operator writes this key of the original's internal type as well; it is always null.
  selectorobj: z.unknown().optional(),
});

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** One set of selectors. */
export const selectorSchema = z.object({
  vendors: texts,
  devices: texts,
  drivers: texts,
  pciaddresses: texts,
  acpiindexes: texts,
  pfnames: texts,
  rootdevices: texts,
  linktypes: texts,
  ddpprofiles: texts,
  pkeys: texts,
  auxtypes: texts,
  isrdma: z.boolean().nullish(),
  needvhostnet: z.boolean().nullish(),
  vdpatype: z.string().nullish(),
});

/** Its keys are PCI addresses and words, so they keep their case. */
export const additionalInfoSchema = z.record(z.string(), z.record(z.string(), z.string())).optional();
