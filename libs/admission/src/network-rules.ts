import { DEFAULT_RESOURCE_PREFIX, type KubeObject } from '@sriov/api';
import { renderAttachment, type Rendered } from '@sriov/attachment';
import { type AttachedSpec, CNI_RULES } from './cni-rules.ts';
import { namespaceOf } from './placement.ts';
import { type AdmissionRequest, type AdmissionSettings } from './request.ts';
import { type Rule } from './rule.ts';

/** What the rules about a network of any kind look at. */
export interface NetworkFacts extends AdmissionRequest {
  readonly spec: AttachedSpec & { readonly pKey?: string | undefined };
}

const PARTITION_KEY = /^0x[0-9a-f]{1,4}$/i;
/** The bits that name the partition: the top bit says that a member is a full one. */
const PARTITION = 0x7fff;

/** Renders the attachment of a network of any kind. A network that names no namespace is in the operator's. */
export function renderNetwork(object: KubeObject, settings: AdmissionSettings): Rendered {
  const metadata = { ...object.metadata, namespace: namespaceOf(object, settings) };
  const { operatorNamespace } = settings;
  return renderAttachment(
    { ...object, metadata },
    {
      operatorNamespace,
      resourcePrefix: DEFAULT_RESOURCE_PREFIX,
    },
  );
}

/** Rules about a SriovNetwork, SriovIBNetwork or OVSNetwork. */
export const NETWORK_RULES: readonly Rule<NetworkFacts>[] = [
  {
    name: 'the partition key names a partition',
    check: ({ spec: { pKey } }) =>
      !pKey || (PARTITION_KEY.test(pKey) && (Number(pKey) & PARTITION) !== 0)
        ? undefined
        : `spec.pKey "${pKey}" must be hexadecimal with 0x and 1 to 4 digits, such as 0x8001, and must not name partition 0`,
  },
  ...CNI_RULES,
  {
    name: 'it can be rendered',
    check({ object, settings }) {
      const rendered = renderNetwork(object, settings);
      return rendered.ok ? undefined : rendered.message;
    },
  },
];
