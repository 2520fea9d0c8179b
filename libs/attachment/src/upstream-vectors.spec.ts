import { describe, expect, it } from '@jest/globals';
import {
  type ExpectedNetwork,
  findObject,
  type Vector,
  VECTOR_NAMESPACE,
  VECTORS,
} from '@sriov/testing/upstream-vectors';
import { type Network, renderAttachment } from './render.ts';

function attachmentOf(vector: Vector, { kind, name }: ExpectedNetwork): ExpectedNetwork['attachment'] {
  const network = findObject<Network>(vector, kind, name);
  const rendered =
    network && renderAttachment(network, { operatorNamespace: VECTOR_NAMESPACE, resourcePrefix: 'openshift.io' });
  if (!rendered?.ok) return undefined;
  const { metadata, spec } = rendered.attachment;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    annotations: metadata.annotations ?? {},
    config: spec?.config ?? '',
  };
}

describe.each(VECTORS)('what upstream wrote for %s', (_, vector) => {
  it('is what networks are rendered to', () => {
    for (const network of vector.expected.networks) {
      expect([network.name, attachmentOf(vector, network)]).toEqual([network.name, network.attachment]);
    }
  });
});
