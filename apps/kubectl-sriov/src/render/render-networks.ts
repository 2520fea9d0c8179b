import {
  keyOf,
  type KubeObject,
  type NetworkAttachmentDefinition,
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
} from '@sriov/api';
import { renderAttachment, type RenderSettings } from '@sriov/attachment';
import { latestOf } from '../input/catalog.ts';
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
  /** Notes on several of them together. */
  readonly notes: readonly string[];
}

/** Renders the networks of the input, with the function that the network renderer renders them with. */
export function renderNetworks(objects: readonly InputObject[], settings: RenderSettings): RenderedNetworks {
  const rendered: RenderedNetwork[] = [];
  const refusals: string[] = [];
  const { latest, notes } = latestOf(objects.filter(({ object: { kind } }) => NETWORK_KINDS.has(kind)));
  for (const { object, place } of latest.values()) {
    const result = renderAttachment(object, settings);
    if (result.ok) rendered.push({ network: object, attachment: result.attachment });
    else refusals.push(`${formatPlace(place)}: ${object.kind} ${object.metadata.name}: ${result.message}`);
  }
  return { rendered, refusals, notes: [...notes, ...rivalryNotes(rendered)] };
}

/** Networks of several kinds or namespaces can render to the same object. */
function rivalryNotes(rendered: readonly RenderedNetwork[]): string[] {
  const rivals = new Map<string, string[]>();
  for (const { network, attachment } of rendered) {
    const key = keyOf(attachment);
    rivals.set(key, [...(rivals.get(key) ?? []), `${network.kind} ${keyOf(network)}`]);
  }
  return [...rivals].flatMap(([attachment, names]) =>
    names.length === 1
      ? []
      : `${names.join(', ')} become the same NetworkAttachmentDefinition ${attachment}: only the one that is there first gets it; rename the rest`,
  );
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
