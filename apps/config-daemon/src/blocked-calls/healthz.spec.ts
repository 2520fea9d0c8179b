import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { serve, systemClock } from '@sriov/runtime';
import { createNamespace, eventually, findFreePort, installCrds, request, testControlPlane } from '@sriov/testing';
import { runControllers } from '../controllers.ts';
import { service } from '../service.ts';
import { MemoryFolder, testKernel } from '../test/test-host.ts';

jest.setTimeout(60_000);

const NODE = 'node-1';
const stop = new AbortController();
let running: Promise<void> | undefined;

beforeAll(installCrds);
afterEach(async () => {
  stop.abort();
  await running;
});

describe('a daemon whose look at the host does not come back', () => {
  it('names the call at /healthz, is not restarted because of it, and is healthy again when the call is back', async () => {
    const namespace = await createNamespace('operator');
    const states = `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates`;
    const metadata = { name: NODE };
    const kind = { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetworkNodeState' };
    await request('POST', states, { ...kind, metadata, spec: {} });
    const kernel = testKernel(systemClock);
    const release = kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', hang: true });
    const port = await findFreePort();
    running = serve(
      {
        ...service,
        run: (context) =>
          runControllers(context, () => ({
            kernel,
            folder: new MemoryFolder(),
            handoverFolder: kernel.handoverFolder,
            udevFolder: kernel.udevFolder,
            modprobeFolder: kernel.modprobeFolder,
            grubFolder: kernel.grubFolder,
            unitFolder: kernel.unitFolder,
            programs: kernel.programs,
            metadata: kernel.metadata,
          })),
      },
      {
        listen: `127.0.0.1:${port}`,
        logLevel: 'silent',
        kubeconfig: testControlPlane().kubeconfigPath,
        nodeName: NODE,
        namespace,
        hostRoot: '/',
        stateFolder: '/nowhere',
        auditSeconds: 300,
        passLimitSeconds: 0.2,
        configureHostInterfaces: false,
        devicePluginMetricsPort: 0,
        manageSoftwareBridges: false,
        changeFirmware: true,
        drainPolicy: 'whenInUse',
        useExternalDrainer: false,
        dryRun: false,
        iommu: 'none',
        maxReboots: 0,
      },
      stop.signal,
    );
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()];
    };

    const [, text] = await eventually(async () => {
      const answer = await get('/healthz').catch(() => undefined);
      return answer?.[0] === 503 && answer;
    });
    expect(text).toMatch(
      /^passes: no pass has ended for \d+ s: it waits for "exec ip -j -d link show", which has not come back for \d+ s\n$/,
    );
    expect(await get('/livez')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);

    release();
    await eventually(async () => (await get('/healthz'))[0] === 200);
    const reported = await eventually(async () => {
      const state = (await request('GET', `${states}/${NODE}`)) as SriovNetworkNodeState;
      return state.status?.interfaces !== undefined && state;
    });
    expect(reported.status?.interfaces?.map(({ name }) => name)).toEqual(['eno1', 'ens1', 'ens2']);
  });
});
