import {
  type KubeObject,
  type NetworkAttachmentDefinition,
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
} from '@sriov/api';
import { type Network, renderAttachment, type RenderSettings } from '@sriov/attachment';
import { formatPlace } from '../input/documents.ts';
import { type InputObject } from '../input/objects.ts';

const NETWORK_KINDS: ReadonlySet<string> = new Set([SRIOV_NETWORK.kind, SRIOV_IB_NETWORK.kind, OVS_NETWORK.kind]);

/** A network and what it becomes. */
export interface RenderedNetwork {
  readonly network: KubeObject;
  readonly attachment: NetworkAttachmentDefinition;
}

/** What the networks of the input become. */
export interface RenderedNetworks {
  /** In order of the input. */
  readonly rendered: readonly RenderedNetwork[];
  /** A sentence for each that cannot be rendered. */
  readonly refusals: readonly string[];
}

/** Renders the networks of the input, with the function that the network renderer renders them with. */
export function renderNetworks(objects: readonly InputObject[], settings: RenderSettings): RenderedNetworks {
  const rendered: RenderedNetwork[] = [];
  const refusals: string[] = [];
  for (const { object, place } of objects.filter(({ object: { kind } }) => NETWORK_KINDS.has(kind))) {
    const result = renderAttachment(object as Network, settings);
    if (result.ok) rendered.push({ network: object, attachment: result.attachment });
    else refusals.push(`${formatPlace(place)}: ${object.kind} ${object.metadata.name}: ${result.message}`);
  }
  return { rendered, refusals };
}

/** For people: which object each network becomes, and its configuration. */
export function renderText(networks: readonly RenderedNetwork[]): string {
  return networks
    .map(({ network, attachment }) => {
      const { annotations, namespace, name } = attachment.metadata;
      return [
        `${network.kind} ${network.metadata.namespace}/${network.metadata.name}`,
        `  becomes NetworkAttachmentDefinition ${namespace}/${name}`,
        ...Object.entries(annotations ?? {}).map(([key, value]) => `  ${key}: ${value}`),
        ...(attachment.spec?.config ?? '').split('\n').map((line) => `  ${line}`),
        '',
      ].join('\n');
    })
    .join('\n');
}
