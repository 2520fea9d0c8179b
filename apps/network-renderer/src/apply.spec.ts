import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, FINALIZER, SRIOV_NETWORK } from '@sriov/api';
import { type AttachmentStep } from '@sriov/attachment';
import { refusal, type SentRequest } from '@sriov/testing';
import { apply } from './apply.ts';
import { attachmentOf, createOfflineRenderer, networkOf, OPERATOR } from './test/offline-renderer.ts';

const NETWORK = `/apis/sriovnetwork.openshift.io/v1/namespaces/${OPERATOR}/sriovnetworks/blue`;
const ATTACHMENTS = '/apis/k8s.cni.cncf.io/v1/namespaces/team/network-attachment-definitions';
const network = networkOf('blue', {}, { resourceVersion: '41' });
const { uid: _, resourceVersion: __, ...metadata } = attachmentOf('blue', 'team').metadata;
const attachment = { metadata, spec: { config: '{}' } };

async function run(
  steps: readonly AttachmentStep[],
  script: (request: SentRequest) => ReturnType<typeof refusal> | undefined = () => undefined,
): Promise<SentRequest[]> {
  const { connection, client, log } = createOfflineRenderer();
  connection.script = script;
  await apply({ client, log }, { resource: SRIOV_NETWORK, network }, steps);
  return connection.writes;
}

describe('apply', () => {
  it('makes an attachment of which the plan knew none, so that one of another is a conflict', async () => {
    const writes = await run([{ kind: 'apply-attachment', attachment, replaces: undefined }]);
    expect(writes).toMatchObject([{ method: 'POST', path: ATTACHMENTS, body: attachment }]);
  });

  it('applies to the very version of the attachment that the plan knew', async () => {
    const replaces = { uid: 'u', resourceVersion: '7' };
    const writes = await run([{ kind: 'apply-attachment', attachment, replaces }]);
    expect(writes).toMatchObject([
      {
        method: 'PATCH',
        path: `${ATTACHMENTS}/blue`,
        query: { force: 'true' },
        body: { metadata: { ...attachment.metadata, ...replaces }, spec: attachment.spec },
      },
    ]);
  });

  it('deletes the very version of the attachment that the plan knew, and takes no offence at one that is gone', async () => {
    const present = attachmentOf('blue', 'team');
    const { uid, resourceVersion } = present.metadata;
    const step: AttachmentStep = { kind: 'delete-attachment', attachment: present };
    const expected = [
      { method: 'DELETE', path: `${ATTACHMENTS}/blue`, body: { preconditions: { uid, resourceVersion } } },
    ];
    expect(await run([step])).toMatchObject(expected);
    expect(await run([step], () => refusal(404))).toMatchObject(expected);
    await expect(run([step], () => refusal(409))).rejects.toMatchObject({ status: 409 });
  });

  it('writes to the network in the version that it planned from, and then in the one that its own write made', async () => {
    const writes = await run([
      { kind: 'set-finalizers', finalizers: [FINALIZER.network] },
      { kind: 'apply-attachment', attachment, replaces: undefined },
      { kind: 'record-namespace', namespace: 'team' },
    ]);
    expect(writes).toMatchObject([
      { path: NETWORK, body: { metadata: { finalizers: [FINALIZER.network], resourceVersion: '41' } } },
      { path: ATTACHMENTS },
      {
        path: NETWORK,
        body: { metadata: { annotations: { [ANNOTATION.lastNetworkNamespace]: 'team' }, resourceVersion: '1001' } },
      },
    ]);
  });

  it('ends when the network is gone, which is no failure', async () => {
    const writes = await run(
      [
        { kind: 'set-finalizers', finalizers: [] },
        { kind: 'apply-attachment', attachment, replaces: undefined },
      ],
      () => refusal(404),
    );
    expect(writes.map(({ path }) => path)).toEqual([NETWORK]);
  });

  it('ends with the first failure', async () => {
    const steps: AttachmentStep[] = [
      { kind: 'record-namespace', namespace: 'team' },
      { kind: 'apply-attachment', attachment, replaces: undefined },
    ];
    await expect(run(steps, () => refusal(409))).rejects.toMatchObject({ status: 409 });
  });
});
