import { describe, expect, it, jest } from '@jest/globals';
import {
  type CustomResource,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
} from '@sriov/api';
import { applyManifests, createNamespace, eventually, request, tryRequest } from '@sriov/testing';
import { crdFile } from './crd.ts';

jest.setTimeout(60_000);

/** Specs that upstream let in and our rules refuse. */
const cases: [string, CustomResource, object][] = [
  [
    'the policy "default" of old clusters',
    SRIOV_NETWORK_NODE_POLICY,
    { resourceName: '', nodeSelector: {}, numVfs: 0, nicSelector: {} },
  ],
  ['an InfiniBand network with partition 0', SRIOV_IB_NETWORK, { resourceName: 'r', pKey: '0x0' }],
  ['a pool with a percentage of 0', SRIOV_NETWORK_POOL_CONFIG, { maxUnavailable: '0%' }],
];

describe.each(cases)('%s from before there were rules', (_, kind, spec) => {
  // A group of its own, so that its CRD can be changed while others use the real one.
  const resource: CustomResource = { ...kind, group: `${kind.singular}.upgrade.test` };
  const apiVersion = `${resource.group}/${resource.version}`;
  const body = { apiVersion, kind: resource.kind, spec };
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: 'R',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };

  it('can be labelled, reported on, relieved of its finalizer and deleted, and is judged when it changes', async () => {
    await applyManifests(crdFile({ ...resource, validations: [] }));
    const namespace = await createNamespace();
    const all = `/apis/${apiVersion}/namespaces/${namespace}/${resource.plural}`;
    await request('POST', all, { ...body, metadata: { name: 'default', finalizers: ['spec.test/kept'] } });
    await applyManifests(crdFile(resource));
    await eventually(
      async () =>
        (await tryRequest('POST', `${all}?dryRun=All`, { ...body, metadata: { name: 'another' } })).status === 422,
    );

    const path = `${all}/default`;
    await request('PATCH', path, { metadata: { labels: { a: 'b' } } });
    await request('PATCH', `${path}/status`, { status: { conditions: [condition] } });
    expect((await tryRequest('PATCH', path, { spec: { resourceName: '-', maxUnavailable: '-1' } })).status).toBe(422);
    await request('DELETE', path);
    await request('PATCH', path, { metadata: { finalizers: null } });
    expect((await tryRequest('GET', path)).status).toBe(404);
  });
});
