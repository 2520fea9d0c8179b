import { describe, expect, it } from '@jest/globals';
import { REGISTRATIONS, WEBHOOK_ENTRY } from '@sriov/api';
import { type OperandObject } from './kinds.ts';
import { injectorLine, type WebhookFacts, webhookStatus } from './webhook-status.ts';

const deployment = (replicas: number | undefined, availableReplicas?: number): OperandObject => ({
  metadata: { name: 'admission-webhook' },
  spec: { ...(replicas !== undefined && { replicas }) },
  status: { ...(availableReplicas !== undefined && { availableReplicas }) },
});

const registrations = (isAsked: boolean): WebhookFacts['registrations'] =>
  REGISTRATIONS.map((kind) => ({
    kind,
    configuration: {
      metadata: { name: 'c' },
      webhooks: [{ name: WEBHOOK_ENTRY, clientConfig: {}, ...(isAsked && { rules: [kind.wanted] }) }],
    },
  }));
const ASKED = registrations(true);
const NOT_ASKED = registrations(false);
const NOTHING = REGISTRATIONS.map((kind) => ({ kind, configuration: undefined }));
const ONE_OF_TWO = [...ASKED.slice(0, 1), ...NOT_ASKED.slice(1)];

describe('the webhook of the operator', () => {
  it.each<[string, boolean | undefined, WebhookFacts, string, string | undefined]>([
    [
      'runs and is asked',
      true,
      { deployment: deployment(2, 2), registrations: ASKED },
      '2 of 2 replicas of the Deployment admission-webhook available, and the API server asks it',
      'WebhookAvailable',
    ],
    [
      'runs by half and is asked',
      undefined,
      { deployment: deployment(2, 1), registrations: ASKED },
      '1 of 2 replicas of the Deployment admission-webhook available, and the API server asks it',
      'WebhookAvailable',
    ],
    [
      'is asked and does not run',
      true,
      { deployment: deployment(undefined), registrations: ASKED },
      '0 of 1 replica of the Deployment admission-webhook available, and the API server asks it',
      'WebhookUnavailable',
    ],
    ...[NOT_ASKED, ONE_OF_TWO, NOTHING].map((present): [string, true, WebhookFacts, string, string] => [
      'runs and is not asked, or not about everything',
      true,
      { deployment: deployment(1, 1), registrations: present },
      '1 of 1 replica of the Deployment admission-webhook available, and the API server does not ask it yet: until it has reached the webhook, only the rules of the CRDs hold, and nothing gets defaults from the webhook',
      'WebhookNotAsked',
    ]),
    [
      'does not run yet and is not asked yet',
      true,
      { deployment: deployment(1), registrations: NOT_ASKED },
      '0 of 1 replica of the Deployment admission-webhook available, and the API server does not ask it yet: until it has reached the webhook, only the rules of the CRDs hold, and nothing gets defaults from the webhook',
      'WebhookUnavailable',
    ],
    ...[ASKED, ONE_OF_TWO].map((present): [string, false, WebhookFacts, string, string] => [
      'runs and is asked against the wish',
      false,
      { deployment: deployment(1, 1), registrations: present },
      '1 of 1 replica of the Deployment admission-webhook available, and the API server asks it, although spec.enableOperatorWebhook is false: only a webhook that runs and makes its own certificate can end that, otherwise operator.admissionControllers.enabled of the chart',
      'WebhookAvailable',
    ]),
    [
      'runs and is switched off',
      false,
      { deployment: deployment(1, 1), registrations: NOT_ASKED },
      '1 of 1 replica of the Deployment admission-webhook available, and the API server does not ask it: spec.enableOperatorWebhook is false',
      undefined,
    ],
    [
      'is switched off and does not run',
      false,
      { deployment: deployment(1), registrations: NOTHING },
      '0 of 1 replica of the Deployment admission-webhook available, and the API server does not ask it: spec.enableOperatorWebhook is false',
      undefined,
    ],
    ['is not wanted', false, { deployment: undefined, registrations: NOTHING }, 'not deployed', undefined],
    ['is not deployed', undefined, { deployment: undefined, registrations: NOTHING }, 'not deployed', undefined],
    [
      'is wanted and not deployed',
      true,
      { deployment: undefined, registrations: NOTHING },
      'there is no Deployment admission-webhook: the chart deploys it where operator.admissionControllers.enabled is true and admissionWebhook.url is empty',
      'WebhookNotDeployed',
    ],
  ])('%s', (_, enableOperatorWebhook, facts, line, reason) => {
    const spec = enableOperatorWebhook === undefined ? {} : { enableOperatorWebhook };
    const status = reason === 'WebhookAvailable' ? 'True' : 'False';
    const condition = reason && { type: 'OperatorWebhookAvailable', status, reason, message: line };
    expect(webhookStatus(spec, facts)).toEqual({ line, condition });
  });

  it('and that of the resources say whether they are there', () => {
    expect(injectorLine({ enableInjector: true }, undefined)).toContain('this version has no injector');
    const without = [{}, { enableInjector: false }].map((spec) => injectorLine(spec, undefined));
    expect(without).toEqual(['not deployed', 'not deployed']);
  });

  it('and an injector that upstream has left is not called absent', () => {
    const left = { metadata: { name: 'network-resources-injector' } };
    expect([{}, { enableInjector: true }].map((spec) => injectorLine(spec, left))).toEqual(
      Array.from(
        { length: 2 },
        () =>
          'the DaemonSet network-resources-injector is there, and this operator does not manage it: somebody else has made it',
      ),
    );
  });
});
