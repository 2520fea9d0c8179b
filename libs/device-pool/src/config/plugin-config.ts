import { omitUndefined } from '@sriov/api';
import { messageOfIssues, readKeys } from './read-keys.ts';
import { problemOfName } from './resource-name.ts';
import { type ResourceConfig, type Selector } from './resource-config.ts';
import { additionalInfoSchema, configSchema, resourceSchema, selectorSchema } from './schemas.ts';

export { type ResourceConfig, type Selector } from './resource-config.ts';

/** A configuration as far as it can be used. */
export interface PluginConfig {
  /** In order of the file: a device that fits several belongs to the first. */
  readonly resources: readonly ResourceConfig[];
  /** What is wrong with it, a sentence for each problem. The other resources are served. */
  readonly problems: readonly string[];
  /** False for a text that is no such configuration at all. */
  readonly isUsable: boolean;
}

/**
 * Reads a configuration in the format of sriov-network-device-plugin: keys in any case, selectors as an object or a
 * list of objects. A resource that cannot be served is a problem, and the others are served. Never throws.
 * @param defaultPrefix of resources without a prefix of their own, such as `openshift.io`
 */
export function readPluginConfig(text: string, defaultPrefix: string): PluginConfig {
  const json = parseJson(text);
  const { value, problem } = readKeys(json, configSchema);
  if (value === undefined) return unusable(`the configuration cannot be read: ${problem}`);
  const results = (value.resourcelist ?? []).map((each, index) => readResource(each, index, defaultPrefix));
  const problems = results.flatMap((result) => result.problems);
  const resources: ResourceConfig[] = [];
  for (const { resource } of results) {
    if (resource === undefined) continue;
    if (resources.some(({ name }) => name === resource.name)) {
      problems.push(`resource ${resource.name} is configured twice: the second entry is not served`);
    } else resources.push(resource);
  }
  return { resources, problems, isUsable: true };
}

function unusable(problem: string): PluginConfig {
  return { resources: [], problems: [problem], isUsable: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface ReadResource {
  readonly resource?: ResourceConfig;
  readonly problems: readonly string[];
}

function readResource(entry: unknown, index: number, defaultPrefix: string): ReadResource {
  const { value, problem, unknown } = readKeys(entry, resourceSchema);
  if (value === undefined) return { problems: [`resource ${index + 1} is not served: ${problem}`] };
  const prefix = value.resourceprefix || defaultPrefix;
  const { resourcename: resourceName, devicetype: deviceType } = value;
  const name = `${prefix}/${resourceName}`;
  const info = additionalInfoSchema.safeParse(value.additionalinfo ?? undefined);
  const read = readSelectors(value.selectors, deviceType);
  const refusal =
    problemOfName(prefix, resourceName) ??
    (info.success ? undefined : `additionalInfo: ${messageOfIssues(info.error)}`) ??
    read.problem;
  const ignored = [...unknown.map((key) => `key ${key}`), ...read.unknown.map((key) => `selector ${key}`)];
  const problems = ignored.map((key) => `resource ${name}: the ${key} is not known and is ignored`);
  if (refusal !== undefined) return { problems: [...problems, `resource ${name} is not served: ${refusal}`] };
  const resource = omitUndefined({
    ...{ name, prefix, resourceName, deviceType },
    excludeTopology: value.excludetopology,
    selectors: read.selectors,
    additionalInfo: info.data,
  });
  return { resource, problems };
}

interface ReadSelectors {
  readonly selectors: readonly Selector[];
  readonly problem?: string | undefined;
  readonly unknown: readonly string[];
}

/** No selectors at all mean every device, as `{}` does. */
function readSelectors(written: unknown, deviceType: ResourceConfig['deviceType']): ReadSelectors {
  const given: readonly unknown[] = Array.isArray(written) ? written : [written ?? {}];
  if (given.length === 0) return { selectors: [], problem: 'its list of selectors is empty', unknown: [] };
  const read = given.map((each) => readSelector(each, deviceType));
  return {
    selectors: read.flatMap(({ selector }) => selector ?? []),
    problem: read.find((each) => each.problem !== undefined)?.problem,
    unknown: read.flatMap((each) => each.unknown),
  };
}

interface ReadSelector {
  readonly selector?: Selector;
  readonly problem?: string;
  readonly unknown: readonly string[];
}

function readSelector(entry: unknown, deviceType: ResourceConfig['deviceType']): ReadSelector {
  const { value, problem, unknown } = readKeys(entry, selectorSchema);
  if (value === undefined) return { problem: `its selectors: ${problem}`, unknown };
  const selector: Selector = {
    ...{ vendors: value.vendors, devices: value.devices, drivers: value.drivers, auxTypes: value.auxtypes },
    ...{ pciAddresses: value.pciaddresses, acpiIndexes: value.acpiindexes, linkTypes: value.linktypes },
    ...{ pfNames: value.pfnames, rootDevices: value.rootdevices, pKeys: value.pkeys },
    ...{ isRdma: value.isrdma ?? false, needVhostNet: value.needvhostnet ?? false },
    ...(value.vdpatype ? { vdpaType: value.vdpatype } : {}),
  };
  const contradiction = contradictionIn(selector, deviceType, value.ddpprofiles);
  return { selector, unknown, ...(contradiction !== undefined && { problem: contradiction }) };
}

function contradictionIn(
  { isRdma, vdpaType, auxTypes }: Selector,
  deviceType: ResourceConfig['deviceType'],
  ddpProfiles: readonly string[],
): string | undefined {
  if (ddpProfiles.length > 0) return 'the selector ddpProfiles is not supported';
  if (isRdma && vdpaType !== undefined) return 'a device has either isRdma or a vdpaType';
  if (deviceType !== 'auxNetDevice') return undefined;
  if (auxTypes.length === 0) return 'a selector of the deviceType auxNetDevice needs auxTypes';
  const other = auxTypes.find((type) => type !== 'sf');
  return other === undefined ? undefined : `the auxType ${other} is not supported: write sf`;
}
