import {
  ANNOTATION,
  apiVersionOf,
  GROUP,
  MAX_CNI_CONFIG_LENGTH,
  type NetworkAttachmentDefinition,
  NETWORK_ATTACHMENT_DEFINITION,
  type OVSNetwork,
  ovsNetworkSpecSchema,
  type Parsed,
  readSpec,
  REASON,
  type Reason,
  type SriovIBNetwork,
  sriovIBNetworkSpecSchema,
  type SriovNetwork,
  sriovNetworkSpecSchema,
  VERSION,
} from '@sriov/api';
import { type z } from 'zod';
import {
  cniConfig,
  ibSriovPlugin,
  type Members,
  ovsPlugin,
  readUserJson,
  sriovPlugin,
  type UserJson,
  type UserJsonFields,
} from './cni-config.ts';
import { type JsonNode, printWithin } from './json-text.ts';
import { attachmentNamespace, ownerRefOf } from './ownership.ts';

/** A network CR of any of the three kinds; `kind` tells which. */
export type Network = SriovNetwork | SriovIBNetwork | OVSNetwork;

/** What the rendering depends on besides the CR. */
export interface RenderSettings {
  readonly operatorNamespace: string;
  /** Prefix of device-plugin resources, such as `openshift.io`. */
  readonly resourcePrefix: string;
}

/** The object, or the reason why there is none. */
export type Rendered =
  | { readonly ok: true; readonly attachment: NetworkAttachmentDefinition }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

/** Renders the NetworkAttachmentDefinition of a network CR. Never throws: the result says what is wrong. */
export function renderAttachment(network: Network, settings: RenderSettings): Rendered {
  const { name, namespace } = network.metadata;
  const { operatorNamespace } = settings;
  if (network.spec?.networkNamespace && namespace !== operatorNamespace) {
    return invalid(
      `spec.networkNamespace "${network.spec.networkNamespace}" may only be set in the operator namespace ${operatorNamespace}, and this is ${namespace}: remove it, or create the network there`,
    );
  }
  const config = renderConfig(network);
  if (!config.ok) return invalid(config.message);
  const text = printWithin(config.value, MAX_CNI_CONFIG_LENGTH);
  if (text === undefined) {
    return invalid(
      `the CNI configuration would be longer than ${MAX_CNI_CONFIG_LENGTH} characters: shorten spec.trunk`,
    );
  }
  return {
    ok: true,
    attachment: {
      apiVersion: apiVersionOf(NETWORK_ATTACHMENT_DEFINITION),
      kind: NETWORK_ATTACHMENT_DEFINITION.kind,
      metadata: {
        name,
        namespace: attachmentNamespace(network),
        annotations: {
          [ANNOTATION.resourceName]: `${settings.resourcePrefix}/${network.spec?.resourceName ?? ''}`,
          [ANNOTATION.ownerRef]: ownerRefOf(network),
        },
        ...ownerReference(network),
      },
      spec: { config: text },
    },
  };
}

function invalid(message: string): Rendered {
  return { ok: false, reason: REASON.attachmentInvalid, message };
}

/** The CNI configuration by kind of network. */
const RENDERERS: ReadonlyMap<string, (name: string, spec: unknown) => Parsed<JsonNode>> = new Map([
  ['SriovNetwork', renderer(sriovNetworkSpecSchema, sriovPlugin)],
  ['SriovIBNetwork', renderer(sriovIBNetworkSpecSchema, ibSriovPlugin)],
  ['OVSNetwork', renderer(ovsNetworkSpecSchema, ovsPlugin)],
]);

function renderConfig(network: Network): Parsed<JsonNode> {
  const render = RENDERERS.get(network.kind ?? '');
  if (!render) return { ok: false, message: `${network.kind} is no kind of network` };
  return render(network.metadata.name, network.spec);
}

function renderer<T extends UserJsonFields>(
  schema: z.ZodType<T>,
  plugin: (spec: T, json: UserJson) => Members,
): (name: string, spec: unknown) => Parsed<JsonNode> {
  return (name, raw) => {
    const spec = readSpec(schema, raw);
    if (!spec.ok) return spec;
    const json = readUserJson(spec.value);
    return json.ok ? { ok: true, value: cniConfig(name, plugin(spec.value, json.value), json.value) } : json;
  };
}

/** The garbage collector removes the object with its CR, as long as both are in one namespace. */
function ownerReference(network: Network): Pick<NetworkAttachmentDefinition['metadata'], 'ownerReferences'> {
  const { name, namespace, uid } = network.metadata;
  if (uid === undefined || namespace !== attachmentNamespace(network)) return {};
  return { ownerReferences: [{ apiVersion: `${GROUP}/${VERSION}`, kind: network.kind ?? '', name, uid }] };
}
