import { describe, expect, it, jest } from '@jest/globals';
import {
  type CustomResource,
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
} from '@sriov/api';
import { applyManifests, createNamespace, eventually, request, tryRequest } from '@sriov/testing';
import { z } from 'zod';
import { crdFile } from './crd.ts';

jest.setTimeout(60_000);

/** Breaks a rule or a bound of each of them. */
const CHANGE = { resourceName: '-'.repeat(300), maxUnavailable: '-1' };

/** Specs that upstream let in and our rules refuse. */
const cases: [string, CustomResource, object][] = [
  [
    'the policy "default" of old clusters',
    SRIOV_NETWORK_NODE_POLICY,
    { resourceName: '', nodeSelector: {}, numVfs: 0, nicSelector: {} },
  ],
  ['an InfiniBand network with partition 0', SRIOV_IB_NETWORK, { resourceName: 'r', pKey: '0x0' }],
  ['a network with a megabyte of ipam', SRIOV_NETWORK, { resourceName: 'r', ipam: `{"a":"${'x'.repeat(1_000_000)}"}` }],
  [
    'an OVS network with more VLANs than there are',
    OVS_NETWORK,
    { resourceName: 'r', trunk: Array(5_000).fill({ id: 1 }) },
  ],
  ['a pool with a percentage of 0', SRIOV_NETWORK_POOL_CONFIG, { maxUnavailable: '0%' }],
];

/** The schema without the bounds that upstream's lacks. */
const unbounded = (spec: z.ZodObject): z.ZodObject => {
  const fields = Object.entries(spec.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    if (inner instanceof z.ZodString) return [name, z.string().optional()];
    return [name, inner instanceof z.ZodArray ? z.array(inner.element as z.ZodType).optional() : field];
  });
  return z.object(Object.fromEntries(fields) as Record<string, z.ZodType>);
};

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
    await applyManifests(crdFile({ ...resource, validations: [], spec: unbounded(resource.spec) }));
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
    expect((await tryRequest('PATCH', path, { spec: CHANGE })).status).toBe(422);
    await request('DELETE', path);
    await request('PATCH', path, { metadata: { finalizers: null } });
    expect((await tryRequest('GET', path)).status).toBe(404);
  });
});
