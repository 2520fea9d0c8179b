import { omitUndefined } from '@sriov/api';
import { messageOfIssues, readKeys } from './read-keys.ts';
import { readSelectors } from './read-selectors.ts';
import { type ResourceConfig } from './resource-config.ts';
import { problemOfName } from './resource-name.ts';
import { additionalInfoSchema, configSchema, resourceSchema } from './schemas.ts';

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
  const { value, problem, unknown } = readKeys(parseJson(text), configSchema);
  if (value === undefined) {
    return { resources: [], problems: [`the configuration cannot be read: ${problem}`], isUsable: false };
  }
  const problems = unknown.map((key) => `the key ${key} is not known, and is ignored`);
  const resources: ResourceConfig[] = [];
  for (const [index, entry] of (value.resourcelist ?? []).entries()) {
    const read = readResource(entry, index, defaultPrefix);
    problems.push(...read.problems);
    const isTwice = resources.some(({ name }) => name === read.resource?.name);
    if (isTwice) problems.push(`resource ${read.resource?.name} is configured twice: the second entry is not served`);
    else if (read.resource !== undefined) resources.push(read.resource);
  }
  return { resources, problems, isUsable: true };
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
  const { selectors, remarks, refusal: refusalOfSelectors } = readSelectors(value.selectors, deviceType);
  const refusal =
    problemOfName(prefix, resourceName) ??
    (info.success ? undefined : `additionalInfo: ${messageOfIssues(info.error)}`) ??
    refusalOfSelectors;
  const problems = [
    ...unknown.map((key) => `resource ${name}: the key ${key} is not known, and is ignored`),
    ...remarks.map((remark) => `resource ${name}: ${remark}`),
  ];
  if (refusal !== undefined) return { problems: [...problems, `resource ${name} is not served: ${refusal}`] };
  const resource = omitUndefined({
    ...{ name, prefix, resourceName, deviceType, selectors },
    excludeTopology: value.excludetopology,
    additionalInfo: info.data,
  });
  return { resource, problems };
}
