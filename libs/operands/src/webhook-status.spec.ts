import { describe, expect, it } from '@jest/globals';
import { type OperandObject } from './kinds.ts';
import { injectorLine, webhookStatus } from './webhook-status.ts';

const deployment = (replicas: number | undefined, availableReplicas?: number): OperandObject => ({
  metadata: { name: 'admission-webhook' },
  spec: { ...(replicas !== undefined && { replicas }) },
  status: { ...(availableReplicas !== undefined && { availableReplicas }) },
});

describe('the webhook of the operator', () => {
  it.each<[boolean | undefined, OperandObject | undefined, string, string | undefined]>([
    [true, deployment(2, 2), '2 of 2 replicas of the Deployment admission-webhook available', 'WebhookAvailable'],
    [undefined, deployment(2, 1), '1 of 2 replicas of the Deployment admission-webhook available', 'WebhookAvailable'],
    [true, deployment(undefined), '0 of 1 replica of the Deployment admission-webhook available', 'WebhookUnavailable'],
    [
      false,
      deployment(1, 1),
      '1 of 1 replica of the Deployment admission-webhook available; it runs although spec.enableOperatorWebhook is false, because the chart deploys it',
      'WebhookAvailable',
    ],
    [false, undefined, 'not deployed', undefined],
    [undefined, undefined, 'not deployed', undefined],
    [
      true,
      undefined,
      'there is no Deployment admission-webhook: the chart deploys it where operator.admissionControllers.enabled is true',
      'WebhookNotDeployed',
    ],
  ])('asked for: %s, with %o', (enableOperatorWebhook, found, line, reason) => {
    const spec = enableOperatorWebhook === undefined ? {} : { enableOperatorWebhook };
    const status = reason === 'WebhookAvailable' ? 'True' : 'False';
    const condition = reason && { type: 'OperatorWebhookAvailable', status, reason, message: line };
    expect(webhookStatus(spec, found)).toEqual({ line, condition });
  });

  it('and that of the resources say whether they are there', () => {
    expect(injectorLine({ enableInjector: true })).toContain('this version has no injector');
    expect([injectorLine({}), injectorLine({ enableInjector: false })]).toEqual(['not deployed', 'not deployed']);
  });
});
