import { describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES } from './kinds.ts';
import { ANNOTATION, FINALIZER, LABEL, SUPPORTED_NIC_CONFIG_MAP, DEVICE_PLUGIN_CONFIG_MAP } from './names.ts';
import { nodePolicySpecSchema } from './node-policy.ts';
import { apiVersionOf, keyOf } from './object.ts';
import { omitUndefined } from './omit-undefined.ts';
import { sriovNetworkSpecSchema } from './sriov-network.ts';

describe('names that are contracts with upstream', () => {
  it('are spelled as upstream spells them', () => {
    expect({ ANNOTATION, FINALIZER, LABEL, SUPPORTED_NIC_CONFIG_MAP, DEVICE_PLUGIN_CONFIG_MAP }).toMatchObject({
      ANNOTATION: {
        nodeState: 'sriovnetwork.openshift.io/state',
        desiredState: 'sriovnetwork.openshift.io/desired-state',
        currentState: 'sriovnetwork.openshift.io/current-state',
        keepStateUntil: 'sriovnetwork.openshift.io/keep-state-until',
        ownerRef: 'sriovnetwork.openshift.io/owner-ref',
        lastNetworkNamespace: 'operator.sriovnetwork.openshift.io/last-network-namespace',
        resourceName: 'k8s.v1.cni.cncf.io/resourceName',
      },
      FINALIZER: {
        network: 'netattdef.finalizers.sriovnetwork.openshift.io',
        pool: 'poolconfig.finalizers.sriovnetwork.openshift.io',
        operatorConfig: 'operatorconfig.finalizers.sriovnetwork.openshift.io',
      },
      LABEL: { devicePlugin: 'sriovnetwork.openshift.io/device-plugin' },
      SUPPORTED_NIC_CONFIG_MAP: 'supported-nic-ids',
      DEVICE_PLUGIN_CONFIG_MAP: 'device-plugin-config',
    });
  });

  it('belong to seven kinds in one group', () => {
    expect(CUSTOM_RESOURCES.map((resource) => `${apiVersionOf(resource)} ${resource.kind}`).sort()).toEqual([
      'sriovnetwork.openshift.io/v1 OVSNetwork',
      'sriovnetwork.openshift.io/v1 SriovIBNetwork',
      'sriovnetwork.openshift.io/v1 SriovNetwork',
      'sriovnetwork.openshift.io/v1 SriovNetworkNodePolicy',
      'sriovnetwork.openshift.io/v1 SriovNetworkNodeState',
      'sriovnetwork.openshift.io/v1 SriovNetworkPoolConfig',
      'sriovnetwork.openshift.io/v1 SriovOperatorConfig',
    ]);
  });
});

describe('defaults', () => {
  it('of a policy', () => {
    const spec = { resourceName: 'r', nodeSelector: {}, numVfs: 1, nicSelector: {} };
    expect(nodePolicySpecSchema.parse(spec)).toEqual({ ...spec, deviceType: 'netdevice' });
  });

  it('of a network, which may have an empty log level', () => {
    expect(sriovNetworkSpecSchema.parse({ resourceName: 'r' })).toEqual({ resourceName: 'r', logLevel: 'info' });
    expect(sriovNetworkSpecSchema.parse({ resourceName: 'r', logLevel: '' }).logLevel).toBe('');
  });
});

describe('an object', () => {
  it('of the core group has no group in its version', () => {
    const service = { group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true };
    expect(apiVersionOf(service)).toBe('v1');
  });

  it('is known by its namespace, where it has one, and its name', () => {
    expect(keyOf({ metadata: { namespace: 'a', name: 'b' } })).toBe('a/b');
    expect(keyOf({ metadata: { name: 'b' } })).toBe('b');
  });

  it('loses its members that are undefined, and no others', () => {
    expect(Object.keys(omitUndefined({ a: undefined, b: null, c: 0, d: '' }))).toEqual(['b', 'c', 'd']);
  });
});
