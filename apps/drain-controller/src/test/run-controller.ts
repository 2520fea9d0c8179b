import { DEFAULT_DRA_DRIVER } from '@sriov/api';
import { serve } from '@sriov/runtime';
import { testControlPlane } from '@sriov/testing';
import { service } from '../service.ts';
import { type Settings } from '../settings.ts';
import { type TestFleet } from './test-fleet.ts';

/** A drain controller on the fleet; what it returns ends it. */
export function runController(fleet: TestFleet, rest: Partial<Settings> = {}): () => Promise<void> {
  const stop = new AbortController();
  const running = serve(
    service,
    {
      listen: '127.0.0.1:0',
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      namespace: fleet.namespace,
      resourcePrefix: 'example.org',
      draDriver: DEFAULT_DRA_DRIVER,
      countOthers: true,
      startupTaint: false,
      ...rest,
    },
    stop.signal,
  );
  return async () => {
    stop.abort();
    await running;
  };
}
