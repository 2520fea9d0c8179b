import { describe, expect, it } from '@jest/globals';
import { eventually, request, tryRequest } from '@sriov/testing';
import { NODE, useDaemon, statePath, startDaemon, untilSynced } from '../test/test-daemon.ts';

useDaemon();

describe('the config daemon', () => {
  it('says on its node state that the API server refuses its status, until the server accepts it', async () => {
    const admission = '/apis/admissionregistration.k8s.io/v1';
    const metadata = { name: `only-failures-${NODE}` };
    const resourceRules = [
      {
        apiGroups: ['sriovnetwork.openshift.io'],
        apiVersions: ['*'],
        resources: ['sriovnetworknodestates/status'],
        operations: ['UPDATE'],
        resourceNames: [NODE],
      },
    ];
    await request('POST', `${admission}/validatingadmissionpolicies`, {
      metadata,
      spec: {
        matchConstraints: { resourceRules },
        validations: [
          { expression: "object.status.syncStatus == 'Failed'", message: 'the test forbids it', reason: 'Forbidden' },
        ],
      },
    });
    await request('POST', `${admission}/validatingadmissionpolicybindings`, {
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    });
    const probe = { status: { syncStatus: 'InProgress' } };
    await eventually(async () => (await tryRequest('PATCH', `${statePath()}/status?dryRun=All`, probe)).status === 403);
    startDaemon();
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toMatch(/^the status cannot be written: .*the test forbids it/s);
    expect(status?.failures).toMatchObject([{ reason: 'ReconcileFailed' }]);
    await request('DELETE', `${admission}/validatingadmissionpolicybindings/${metadata.name}`);
    await request('DELETE', `${admission}/validatingadmissionpolicies/${metadata.name}`);
    await untilSynced('Succeeded');
  });
});
