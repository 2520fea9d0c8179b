import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { type KubeClient, NODE } from '@sriov/kube';
import { isRebootGranted } from './is-reboot-granted.ts';

/** An API server that has the two objects of the node with these annotations. */
const serverWith = (asked: string, desired: string, progress: string): Pick<KubeClient, 'get'> => ({
  get: ((kind: unknown) => {
    const ofState = { [ANNOTATION.desiredState]: desired, [ANNOTATION.currentState]: progress };
    const annotations = kind === NODE ? { [ANNOTATION.nodeState]: asked } : ofState;
    return Promise.resolve({ metadata: { name: 'n1', annotations } });
  }) as KubeClient['get'],
});
const REBOOT = 'Reboot_Required';

describe('a reboot is granted', () => {
  it.each<[string, Parameters<typeof serverWith>, boolean]>([
    ['where both objects ask for it, and the node is drained', [REBOOT, REBOOT, 'DrainComplete'], true],
    ['not any more where the request was taken back', ['Idle', 'Idle', 'DrainComplete'], false],
    ['not any more where it was taken back on one object', ['Idle', REBOOT, 'DrainComplete'], false],
    ['not any more where the drain was given up', [REBOOT, REBOOT, 'Idle'], false],
    ['not by a drain for pods with VFs', ['Drain_Required', 'Drain_Required', 'DrainComplete'], false],
    ['not by an annotation that nobody understands', [REBOOT, REBOOT, 'Drained'], false],
  ])('%s', async (_, annotations, expected) => {
    expect(await isRebootGranted(serverWith(...annotations), { namespace: 'operator', nodeName: 'n1' })).toBe(expected);
  });

  it('is not known where the API server does not answer', async () => {
    const client = { get: () => Promise.reject(new Error('ECONNREFUSED')) };
    await expect(isRebootGranted(client, { namespace: 'operator', nodeName: 'n1' })).rejects.toThrow('ECONNREFUSED');
  });
});
