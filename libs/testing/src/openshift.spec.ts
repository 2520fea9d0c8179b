import { describe, expect, it } from '@jest/globals';
import { request } from './control-plane.ts';
import { installOpenshiftCrds, OPENSHIFT_PATH } from './openshift.ts';

describe('the kinds of OpenShift', () => {
  it.each([
    ['MachineConfig', OPENSHIFT_PATH.machineConfigs, { config: { ignition: { version: '3.2.0' } } }],
    [
      'MachineConfigPool',
      OPENSHIFT_PATH.machineConfigPools,
      { paused: false, configuration: { name: 'rendered-worker-1' } },
    ],
    ['Infrastructure', OPENSHIFT_PATH.infrastructures, { platformSpec: { type: 'None' } }],
  ])('have the kind %s, served, and it keeps its fields', async (kind, path, spec) => {
    await installOpenshiftCrds();
    const apiVersion = path.replace(/^\/apis\/|\/[^/]+$/g, '');
    await request('POST', path, { apiVersion, kind, metadata: { name: 'kept' }, spec });
    expect(await request('GET', `${path}/kept`)).toMatchObject({ spec });
    const status = { configuration: { name: 'rendered-worker-0' } };
    await request('PATCH', `${path}/kept/status`, { status });
    expect(await request('GET', `${path}/kept`)).toMatchObject({ spec, status });
    await request('DELETE', `${path}/kept`);
  });
});
