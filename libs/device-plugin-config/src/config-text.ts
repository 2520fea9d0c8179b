import { type NodePolicySpec } from '@sriov/api';
import { z } from 'zod';
import { goJson } from './go-json.ts';
import { type Selectors } from './selectors.ts';

/** One resource as the device plugin reads it. */
export interface ResourceElement {
  readonly resourceName: string;
  readonly selectors?: unknown;
}

/** The text of a configuration with these resources. The device plugin exits when there are none. */
export function configText(elements: readonly ResourceElement[]): string {
  return goJson({ resourceList: elements.length > 0 ? elements : null });
}

/** The part of a text that is read. The elements themselves stay as they are, including the order of their keys. */
const textSchema = z.object({ resourceList: z.array(z.unknown()).nullish() });

/**
 * The resources of a configuration by name. None for a text that is not JSON, which the device plugin cannot read
 * either.
 */
export function readElements(text = '{}'): ReadonlyMap<string, ResourceElement> {
  const { resourceList } = textSchema.safeParse(parseJson(text)).data ?? {};
  return new Map((resourceList ?? []).filter(isElement).map((element) => [element.resourceName, element]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isElement(value: unknown): value is ResourceElement {
  return (
    typeof value === 'object' && value !== null && 'resourceName' in value && typeof value.resourceName === 'string'
  );
}

const texts = z.array(z.string()).default([]);
/** No other key: what it means would not be known. */
const setSchema = z
  .strictObject({
    ...{ vendors: texts, devices: texts, pciAddresses: texts, pfNames: texts, rootDevices: texts, linkTypes: texts },
    ...{ IsRdma: z.boolean(), NeedVhostNet: z.boolean(), vdpaType: z.string().optional() },
  })
  .transform(({ IsRdma: _, NeedVhostNet: __, vdpaType: ___, ...lists }): Selectors => lists);
const setsSchema = z.union([z.array(setSchema).min(1), setSchema.transform((set) => [set])]);

/** The sets of selectors of an element, as {@link writeSelectors} has written them; absent for any others. */
export function readSelectors({ selectors }: ResourceElement): readonly Selectors[] | undefined {
  return setsSchema.safeParse(selectors).data;
}

/** True when the device plugin exits because of the resource, so that no resource of the node is served. */
export function endsDevicePlugin({ isRdma, vdpaType }: NodePolicySpec): boolean {
  return isRdma === true && Boolean(vdpaType);
}

/** Key order, spelling and presence are what upstream writes, so that an unchanged configuration is unchanged bytes. */
export function writeSelectors(selectors: Selectors, spec: NodePolicySpec): object {
  const list = (values: readonly string[]): readonly string[] | undefined => (values.length > 0 ? values : undefined);
  return {
    vendors: list(selectors.vendors),
    devices: list(selectors.devices),
    pciAddresses: list(selectors.pciAddresses),
    pfNames: list(selectors.pfNames),
    rootDevices: list(selectors.rootDevices),
    linkTypes: list(selectors.linkTypes),
    IsRdma: spec.isRdma === true && !endsDevicePlugin(spec),
    NeedVhostNet: spec.needVhostNet === true,
    vdpaType: spec.vdpaType || undefined,
  };
}

/**
 * The element of a resource. The device plugin accepts one set of selectors, or a list of sets, one of which a device
 * must match.
 */
export function toElement(
  { resourceName, excludeTopology }: NodePolicySpec,
  written: readonly object[],
): ResourceElement {
  return {
    resourceName,
    ...(excludeTopology === true && { excludeTopology: true }),
    ...{ selectors: written.length === 1 ? written[0] : written, SelectorObj: null },
  };
}
