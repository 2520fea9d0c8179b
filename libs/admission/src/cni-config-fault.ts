/**
 * Why the CNI refuses to read a configuration at the start of a pod, although it is JSON: a value has another type than
 * in Go's structs (NetConf in github.com/containernetworking/cni/pkg/types: `capabilities` are booleans, a `type` is
 * text), or a chained plugin has no type (NetworkPluginConfFromBytes in its libcni). `config` is rendered text.
 */
export function findConfigFault(config: string): string | undefined {
  const root = JSON.parse(config) as unknown;
  const plugins = memberOf(root, 'plugins');
  const [main = root, ...chained] = Array.isArray(plugins) ? (plugins as unknown[]) : [];
  const capability = findNoBoolean(memberOf(main, 'capabilities'));
  if (capability !== undefined) return `spec.capabilities: ${capability}`;
  const type = memberOf(memberOf(main, 'ipam'), 'type') ?? '';
  if (typeof type !== 'string') return `spec.ipam: "type" is ${JSON.stringify(type)}, and must be text: ${REFUSED}`;
  const faults = chained.flatMap((plugin, index) => findChainedFault(plugin, index + 1) ?? []);
  return faults[0];
}

const REFUSED = 'the CNI refuses it at the start of a pod';

function findChainedFault(plugin: unknown, place: number): string | undefined {
  const type = memberOf(plugin, 'type') ?? '';
  if (typeof type !== 'string' || type === '') {
    return `spec.metaPlugins: plugin ${place} has no "type" that names it, such as {"type": "tuning"}: ${REFUSED}`;
  }
  const capability = findNoBoolean(memberOf(plugin, 'capabilities'));
  return capability && `spec.metaPlugins: capabilities of plugin ${place}: ${capability}`;
}

function findNoBoolean(capabilities: unknown): string | undefined {
  if (typeof capabilities !== 'object' || capabilities === null) return undefined;
  const found = Object.entries(capabilities).find(([, value]) => value !== null && typeof value !== 'boolean');
  return found && `"${found[0]}" is ${JSON.stringify(found[1])}, and must be true or false: ${REFUSED}`;
}

/** Finds a member as Go does: in any case of letters, and the last one of several. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).findLast(([key]) => key.toLowerCase() === name)?.[1];
}
