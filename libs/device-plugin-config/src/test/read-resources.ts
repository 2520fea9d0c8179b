import { readJson } from '@sriov/testing';
import { z } from 'zod';

const names = z.array(z.string()).optional();
const selectorsSchema = z.looseObject({
  vendors: names,
  devices: names,
  pfNames: names,
  rootDevices: names,
  pciAddresses: names,
});
const configSchema = z.object({
  resourceList: z
    .array(z.object({ resourceName: z.string(), selectors: z.union([selectorsSchema, z.array(selectorsSchema)]) }))
    .nullable(),
});

/** What selects the devices of a resource. */
export type WrittenSelectors = z.output<typeof selectorsSchema>;

/** A resource as a configuration of the device plugin has it. */
export type WrittenResource = NonNullable<z.output<typeof configSchema>['resourceList']>[number];

/** The resources of a configuration of the device plugin, in their order. */
export function readResources(text: string): WrittenResource[] {
  return readJson(configSchema, text).resourceList ?? [];
}
