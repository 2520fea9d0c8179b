import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createNamespace, request, testControlPlane, tryRequest } from './control-plane.ts';
import { applyManifests } from './manifests.ts';

describe('the shared control plane', () => {
  it('serves the Kubernetes version that it says', async () => {
    expect(await request('GET', '/version')).toMatchObject({ gitVersion: testControlPlane().version });
  });

  it('is what KUBECONFIG leads to, in worker processes too', () => {
    const { kubeconfigPath, access } = testControlPlane();
    expect(process.env['KUBECONFIG']).toBe(kubeconfigPath);
    expect(readFileSync(kubeconfigPath, 'utf8')).toContain(access.server);
  });

  it('applies manifests and serves a CRD right after', async () => {
    const namespace = await createNamespace();
    await applyManifests(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: pumps.example.org }
spec:
  group: example.org
  scope: Namespaced
  names: { kind: Pump, listKind: PumpList, plural: pumps, singular: pump }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
---
apiVersion: example.org/v1
kind: Pump
metadata: { name: first, namespace: ${namespace} }
`);
    const path = `/apis/example.org/v1/namespaces/${namespace}/pumps/first`;
    expect(await tryRequest('GET', path)).toMatchObject({ status: 200 });
  });

  it('says what is wrong with a manifest', async () => {
    await expect(applyManifests('apiVersion: v1\nkind: Nothing\nmetadata: { name: x }')).rejects.toThrow(
      'the API server knows no Nothing in v1',
    );
  });
});
