import { z } from 'zod';
import { type ResourceConfig } from './resource-config.ts';

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

const COMMON = ['vendors', 'devices', 'drivers'];
const OF_NETWORK = ['pfnames', 'rootdevices', 'linktypes', 'isrdma', 'needvhostnet'];
const OF_VF = ['pciaddresses', 'acpiindexes', 'ddpprofiles', 'pkeys', 'vdpatype'];
/** Keys of {@link selectorSchema} that count for a type of device. The original ignores the others as well. */
export const SELECTORS_OF: Readonly<Record<ResourceConfig['deviceType'], readonly string[]>> = {
  netDevice: [...COMMON, ...OF_NETWORK, ...OF_VF],
  accelerator: [...COMMON, 'pciaddresses'],
  auxNetDevice: [...COMMON, ...OF_NETWORK, 'auxtypes'],
};

/** Its keys are PCI addresses and words, so they keep their case. */
export const additionalInfoSchema = z.record(z.string(), z.record(z.string(), z.string())).optional();
