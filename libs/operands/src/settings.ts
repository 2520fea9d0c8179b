import { describeIssues, OPERAND_SETTINGS_CONFIG_MAP, OPERAND_SETTINGS_KEY, ownValue } from '@sriov/api';
import { MAX_CONFIG_SHARDS } from '@sriov/device-plugin-config';
import { z } from 'zod';
import { type JsonObject, parseJson } from './json.ts';

const json: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const labels = z.record(z.string(), z.string());
const port = z.int().min(1).max(65_535);
const image = z.string();

/** Where the pods of an operand run, and what they take. */
const placement = { tolerations: z.array(json), priorityClassName: z.string(), resources: json };
/** A strategic merge patch of the operand's DaemonSet. */
const patch = json;

const configDaemon = z.object({
  ...placement,
  image: image.min(1),
  stateFolder: z.string().startsWith('/'),
  configureHostInterfaces: z.boolean(),
  drainPolicy: z.enum(['whenInUse', 'always']),
  useExternalDrainer: z.boolean(),
  address: z.string(),
  port,
  metricsProxy: z.object({ image, port, resources: json }),
  patch,
});

const devicePlugin = z.object({
  ...placement,
  image: image.min(1),
  kind: z.enum(['own', 'sriov-network-device-plugin']),
  useCdi: z.boolean(),
  allocationPolicy: z.enum(['packed', 'spread']),
  logLevel: z.string(),
  port: port.max(65_534),
  patch,
});

const metricsExporter = z.object({
  ...placement,
  image,
  port,
  secretName: z.string().min(1),
  proxy: z.object({ image, resources: json }),
  prometheusOperator: z.object({
    enabled: z.boolean(),
    deployRules: z.boolean(),
    /** Of the ServiceMonitor; where it is empty, the `ca.crt` of the exporter's Secret counts. */
    tlsConfig: json,
  }),
  patch,
});

const cniPlugins = z.object({
  ...placement,
  images: z.object({ sriovCni: image, ibSriovCni: image, ovsCni: image, rdmaCni: image }),
  binPath: z.string().startsWith('/'),
  patch,
});

/**
 * What the operands are made from, apart from the SriovOperatorConfig. The chart writes it. An empty image switches off
 * what needs it. Nothing has a default: a text that is cut off or half written must not mean that something is not
 * wanted. Members that this version does not know are ignored, because a newer chart may bring them before the new
 * controller runs.
 */
const operandSettingsSchema = z.object({
  /** Labels of each object and each pod. They must not change from release to release: pods would be restarted. */
  labels,
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  logLevel: z.string().min(1),
  resourcePrefix: z.string().min(1),
  devicePluginConfigShards: z.int().min(1).max(MAX_CONFIG_SHARDS),
  /** For proxies that serve metrics; empty for their defaults. */
  tls: z.object({ cipherSuites: z.string(), minVersion: z.string() }),
  configDaemon,
  devicePlugin,
  sriovNetworkDevicePlugin: z.object({ image, patch }),
  metricsExporter,
  cniPlugins,
});

/** Settings of the operands, see the schema. */
export type OperandSettings = z.output<typeof operandSettingsSchema>;

/** The settings, or what is wrong with them. */
export type ReadSettings =
  { readonly ok: true; readonly settings: OperandSettings } | { readonly ok: false; readonly message: string };

const WHERE = `ConfigMap ${OPERAND_SETTINGS_CONFIG_MAP}, key ${OPERAND_SETTINGS_KEY}`;

/** Reads the settings from `data` of their ConfigMap, which is `undefined` when there is none. */
export function readOperandSettings(data: Readonly<Record<string, string>> | undefined): ReadSettings {
  const text = ownValue(data, OPERAND_SETTINGS_KEY);
  if (text === undefined) return { ok: false, message: `${WHERE}: is missing; the chart writes it` };
  const value = parseJson(text);
  if (value === undefined) return { ok: false, message: `${WHERE}: is not JSON` };
  const parsed = operandSettingsSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return { ok: true, settings: parsed.data };
  const issues = describeIssues(parsed.error.issues, { schema: operandSettingsSchema });
  return { ok: false, message: `${WHERE}: ${issues}` };
}
