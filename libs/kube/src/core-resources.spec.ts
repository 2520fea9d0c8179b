import { describe, expect, it } from '@jest/globals';
import { collectionPath } from './client/resource-path.ts';
import { CONFIG_MAP, EVENT, LEASE, NAMESPACE, NODE, POD, SECRET } from './core-resources.ts';

describe('a kind of Kubernetes itself', () => {
  it.each([
    ['Node', NODE, '/api/v1/nodes'],
    ['Namespace', NAMESPACE, '/api/v1/namespaces'],
    ['ConfigMap', CONFIG_MAP, '/api/v1/namespaces/n/configmaps'],
    ['Secret', SECRET, '/api/v1/namespaces/n/secrets'],
    ['Pod', POD, '/api/v1/namespaces/n/pods'],
    ['Event', EVENT, '/api/v1/namespaces/n/events'],
    ['Lease', LEASE, '/apis/coordination.k8s.io/v1/namespaces/n/leases'],
  ])('is asked for where the API server has it: %s', (kind, resource, path) => {
    expect([resource.kind, collectionPath(resource, 'n')]).toEqual([kind, path]);
  });
});
