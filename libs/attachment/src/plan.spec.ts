import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, FINALIZER, type NetworkAttachmentDefinition } from '@sriov/api';
import { type AttachmentFacts, planAttachment } from './plan.ts';
import { type Network, renderAttachment } from './render.ts';

const settings = { operatorNamespace: 'op', resourcePrefix: 'example.org' };
const LAST = ANNOTATION.lastNetworkNamespace;

interface World {
  readonly spec?: object;
  readonly metadata?: object;
  readonly present?: NetworkAttachmentDefinition;
  readonly strays?: readonly NetworkAttachmentDefinition[];
  readonly namespaceExists?: boolean;
}
const networkOf = ({ spec, metadata }: World): Network => ({
  kind: 'SriovNetwork',
  metadata: { name: 'net', namespace: 'op', uid: 'u1', ...metadata },
  spec: { resourceName: 'r', logLevel: 'info', ...spec },
});
const plan = (world: World): ReturnType<typeof planAttachment> => {
  const network = networkOf(world);
  const facts: AttachmentFacts = {
    network,
    rendered: renderAttachment(network, settings),
    present: world.present,
    strays: world.strays ?? [],
    namespaceExists: world.namespaceExists ?? true,
  };
  return planAttachment(facts);
};
/** What the network of this world renders to, as if it stood in the cluster. */
const renderedIn = (world: World): NetworkAttachmentDefinition => {
  const rendered = renderAttachment(networkOf(world), settings);
  if (!rendered.ok) throw new Error(rendered.message);
  return rendered.attachment;
};
const owned = (ownerRef: string, namespace = 'op'): NetworkAttachmentDefinition => ({
  metadata: { name: 'net', namespace, annotations: { [ANNOTATION.ownerRef]: ownerRef } },
  spec: { config: '{}' },
});
const OURS = 'SriovNetwork.sriovnetwork.openshift.io/op/net';
const kinds = (world: World): string[] => plan(world).steps.map(({ kind }) => kind);

describe('planAttachment', () => {
  it('makes the object of a new network and remembers where', () => {
    expect(plan({})).toMatchObject({
      steps: [{ kind: 'apply-attachment' }, { kind: 'record-namespace', namespace: 'op' }],
      verdict: { kind: 'done', reason: 'NetworkReady', message: 'NetworkAttachmentDefinition op/net is in place' },
    });
  });

  it('does nothing when everything is in place', () => {
    const world = { metadata: { annotations: { [LAST]: 'op' } } };
    expect(kinds({ ...world, present: renderedIn(world) })).toEqual([]);
  });

  it('leaves what others add to the object alone', () => {
    const world = { metadata: { annotations: { [LAST]: 'op' } } };
    const present = renderedIn(world);
    present.metadata = {
      ...present.metadata,
      labels: { theirs: 'yes' },
      annotations: { ...present.metadata.annotations, theirs: 'yes' },
    };
    expect(kinds({ ...world, present })).toEqual([]);
  });

  it.each([
    ['the configuration', { spec: { config: '{}' } }],
    ['an annotation of ours', { metadata: { name: 'net', namespace: 'op', annotations: {} } }],
  ])('restores %s', (_, change) => {
    const world = { metadata: { annotations: { [LAST]: 'op' } } };
    expect(kinds({ ...world, present: { ...renderedIn(world), ...change } })).toEqual(['apply-attachment']);
  });

  it('leaves an object that somebody made by hand alone, and says who has the name', () => {
    const present = { metadata: { name: 'net', namespace: 'op', uid: 'u9' }, spec: { config: '{}' } };
    expect(plan({ present })).toEqual({
      steps: [],
      verdict: {
        kind: 'stalled',
        reason: 'NetworkAttachmentDefinitionInvalid',
        message: `NetworkAttachmentDefinition op/net is there already and names no owner, so somebody else made it, and it stays as it is: rename the network, delete the object, or hand it over with the annotation sriovnetwork.openshift.io/owner-ref: ${OURS}`,
      },
    });
  });

  it.each<[string, World]>([
    ['the annotation with which it was handed over', { present: owned(OURS) }],
    [
      'its owner reference',
      {
        present: {
          metadata: {
            name: 'net',
            namespace: 'op',
            ownerReferences: [
              { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetwork', name: 'net', uid: 'u1' },
            ],
          },
        },
      },
    ],
    [
      "upstream's record on the network",
      { metadata: { annotations: { [LAST]: 'op' } }, present: { metadata: { name: 'net', namespace: 'op' } } },
    ],
  ])("takes over an object that is known as an operator's by %s", (_, world) => {
    expect(kinds(world)).toContain('apply-attachment');
  });

  it.each<[string, World]>([
    [
      'the record is of another namespace',
      { metadata: { annotations: { [LAST]: 'before' } }, present: { metadata: { name: 'net', namespace: 'op' } } },
    ],
    [
      'the owner reference is of another kind',
      {
        present: {
          metadata: {
            name: 'net',
            namespace: 'op',
            ownerReferences: [
              { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'OVSNetwork', name: 'net', uid: 'u' },
            ],
          },
        },
      },
    ],
  ])('takes over nothing when %s', (_, world) => {
    expect(plan(world)).toMatchObject({ steps: [], verdict: { kind: 'stalled' } });
  });

  it('changes the object that it saw and no other of the name, and makes one only where there is none', () => {
    const present = { ...owned(OURS), metadata: { ...owned(OURS).metadata, uid: 'u', resourceVersion: '7' } };
    const replaces = { uid: 'u', resourceVersion: '7' };
    expect(plan({ present }).steps[0]).toMatchObject({ kind: 'apply-attachment', replaces });
    expect(plan({}).steps[0]).not.toHaveProperty('replaces');
  });

  it('leaves an object of another network alone and names its owner', () => {
    const owner = 'OVSNetwork.sriovnetwork.openshift.io/op/net';
    expect(plan({ present: owned(owner) })).toEqual({
      steps: [],
      verdict: {
        kind: 'stalled',
        reason: 'NetworkAttachmentDefinitionInvalid',
        message: `NetworkAttachmentDefinition op/net belongs to ${owner}: rename one of the two networks`,
      },
    });
  });

  it('waits for a namespace that does not exist', () => {
    expect(plan({ spec: { networkNamespace: 'later' }, namespaceExists: false })).toEqual({
      steps: [],
      verdict: { kind: 'stalled', reason: 'NamespaceNotFound', message: 'namespace later does not exist yet' },
    });
  });

  it('says what is wrong with a network that cannot be rendered, and touches nothing', () => {
    const world = { spec: { ipam: '{' }, present: owned(OURS) };
    expect(plan(world)).toMatchObject({ steps: [], verdict: { kind: 'stalled' } });
  });

  describe('across namespaces', () => {
    const spec = { networkNamespace: 'apps' };

    it('sets the finalizer first, because the garbage collector does not reach there', () => {
      expect(plan({ spec }).steps[0]).toEqual({ kind: 'set-finalizers', finalizers: [FINALIZER.network] });
    });

    it('moves: the new object stands before the old one goes', () => {
      const world = {
        spec,
        metadata: { annotations: { [LAST]: 'before' }, finalizers: ['theirs', FINALIZER.network] },
        strays: [owned(OURS, 'before'), owned(OURS, 'long-before')],
      };
      expect(plan(world).steps).toMatchObject([
        { kind: 'apply-attachment', attachment: { metadata: { namespace: 'apps' } } },
        { kind: 'delete-attachment', attachment: { metadata: { namespace: 'before' } } },
        { kind: 'delete-attachment', attachment: { metadata: { namespace: 'long-before' } } },
        { kind: 'record-namespace', namespace: 'apps' },
      ]);
    });

    it('drops the finalizer when the object comes home', () => {
      const world = { metadata: { annotations: { [LAST]: 'op' }, finalizers: ['theirs', FINALIZER.network] } };
      expect(plan({ ...world, present: renderedIn(world) }).steps).toEqual([
        { kind: 'set-finalizers', finalizers: ['theirs'] },
      ]);
    });
  });

  describe('of a network that is being deleted', () => {
    const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [FINALIZER.network] };

    it('removes the object, then the finalizer', () => {
      const world = { metadata: deleted, present: owned(OURS), strays: [owned(OURS, 'before')] };
      expect(kinds(world)).toEqual(['delete-attachment', 'delete-attachment', 'set-finalizers']);
    });

    it('leaves an object of another network alone', () => {
      const present = owned('OVSNetwork.sriovnetwork.openshift.io/op/net');
      expect(plan({ metadata: deleted, present }).steps).toEqual([{ kind: 'set-finalizers', finalizers: [] }]);
    });

    it('leaves an object without an owner alone, whatever the network says of it', () => {
      const world = { metadata: { ...deleted, annotations: { [LAST]: 'op' } } };
      const present = { metadata: { name: 'net', namespace: 'op' } };
      expect(plan({ ...world, present }).steps).toEqual([{ kind: 'set-finalizers', finalizers: [] }]);
    });

    it('can go even when it could not be rendered', () => {
      expect(kinds({ metadata: deleted, spec: { ipam: '{' } })).toEqual(['set-finalizers']);
    });

    it('leaves everything to the garbage collector without the finalizer', () => {
      expect(kinds({ metadata: { ...deleted, finalizers: [] }, present: owned(OURS) })).toEqual([]);
    });
  });
});
