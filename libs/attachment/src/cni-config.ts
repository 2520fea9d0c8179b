import { type OVSNetworkSpec, type Parsed, type SriovIBNetworkSpec, type SriovNetworkSpec } from '@sriov/api';
import { readJson, readJsonSequence } from './json-reader.ts';
import { array, type JsonNode, number, object, text } from './json-text.ts';

/** Members of a CNI configuration in the order in which they are printed. */
export type Members = Record<string, JsonNode | undefined>;

/** The fields of a network CR that hold JSON. */
export interface UserJsonFields {
  readonly ipam?: string | undefined;
  readonly capabilities?: string | undefined;
  readonly metaPlugins?: string | undefined;
}

/** The JSON of these fields, read. */
export interface UserJson {
  readonly ipam: JsonNode;
  readonly capabilities: JsonNode | undefined;
  readonly metaPlugins: readonly JsonNode[];
}

/** Reads the JSON fields of a network CR. The message of a failure names the field. */
export function readUserJson(spec: UserJsonFields): Parsed<UserJson> {
  const ipam = readObject('ipam', spec.ipam);
  if (!ipam.ok) return ipam;
  const capabilities = readObject('capabilities', spec.capabilities);
  if (!capabilities.ok) return capabilities;
  const metaPlugins = readPlugins(spec.metaPlugins);
  if (!metaPlugins.ok) return metaPlugins;
  return {
    ok: true,
    value: { ipam: ipam.value ?? object({}), capabilities: capabilities.value, metaPlugins: metaPlugins.value },
  };
}

function readObject(field: 'ipam' | 'capabilities', source: string | undefined): Parsed<JsonNode | undefined> {
  if (isBlank(source)) return { ok: true, value: undefined };
  const node = readJson(source);
  if (!node.ok) return { ok: false, message: `spec.${field} is not valid JSON: ${node.message}` };
  if (node.value.kind !== 'object') {
    const example = field === 'capabilities' ? '{"mac": true}' : '{"type": "static"}';
    return { ok: false, message: `spec.${field} must be a JSON object, such as ${example}` };
  }
  return node;
}

function readPlugins(source: string | undefined): Parsed<readonly JsonNode[]> {
  if (isBlank(source)) return { ok: true, value: [] };
  const nodes = readJsonSequence(source);
  if (!nodes.ok) return { ok: false, message: `spec.metaPlugins is not valid JSON: ${nodes.message}` };
  if (nodes.value.some(({ kind }) => kind !== 'object')) {
    return { ok: false, message: 'spec.metaPlugins must be JSON objects separated by commas, without brackets' };
  }
  return nodes;
}

function isBlank(source: string | undefined): source is undefined | '' {
  return source === undefined || source.trim() === '';
}

const given = (value: string | undefined): JsonNode | undefined => (value ? text(value) : undefined);
const amount = (value: number | undefined): JsonNode | undefined => (value === undefined ? undefined : number(value));
const nonZero = (value: number | undefined): JsonNode | undefined => (value ? number(value) : undefined);

/**
 * Configuration of the `sriov` plugin. A rate of 0 is written and an absent one is not, because the plugin
 * distinguishes them.
 */
export function sriovPlugin(spec: SriovNetworkSpec, json: UserJson): Members {
  return {
    type: text('sriov'),
    vlan: number(spec.vlan ?? 0),
    spoofchk: given(spec.spoofChk),
    trust: given(spec.trust),
    vlanQoS: number(spec.vlanQoS ?? 0),
    vlanProto: given(spec.vlanProto),
    min_tx_rate: amount(spec.minTxRate),
    max_tx_rate: amount(spec.maxTxRate),
    capabilities: json.capabilities,
    link_state: given(spec.linkState),
    logLevel: given(spec.logLevel),
    logFile: given(spec.logFile),
    ipam: json.ipam,
  };
}

/** Configuration of the `ib-sriov` plugin. */
export function ibSriovPlugin(spec: SriovIBNetworkSpec, json: UserJson): Members {
  return {
    type: text('ib-sriov'),
    capabilities: json.capabilities,
    pkey: given(spec.pKey),
    link_state: given(spec.linkState),
    ipam: json.ipam,
  };
}

/** Configuration of the `ovs` plugin. */
export function ovsPlugin(spec: OVSNetworkSpec, json: UserJson): Members {
  const trunk = (spec.trunk ?? []).map(({ minID, maxID, id }) =>
    object({ minID: amount(minID), maxID: amount(maxID), id: amount(id) }),
  );
  return {
    type: text('ovs'),
    capabilities: json.capabilities,
    bridge: given(spec.bridge),
    vlan: nonZero(spec.vlan),
    mtu: nonZero(spec.mtu),
    trunk: trunk.length > 0 ? array(trunk) : undefined,
    interface_type: given(spec.interfaceType),
    ipam: json.ipam,
  };
}

/** The whole configuration: one plugin, or a list when the user chained others after it. */
export function cniConfig(name: string, plugin: Members, json: UserJson): JsonNode {
  const head = { cniVersion: text('1.0.0'), name: text(name) };
  return json.metaPlugins.length === 0
    ? object({ ...head, ...plugin })
    : object({ ...head, plugins: array([object(plugin), ...json.metaPlugins]) });
}
