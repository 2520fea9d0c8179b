import { describe, expect, it } from '@jest/globals';
import { type AdmissionRule, REGISTRATIONS, WEBHOOK_ENTRY, type WebhookConfiguration } from '@sriov/api';
import { planRules, planSilence, planTrust } from './registration.ts';

const endpoint = { serviceName: 'hook', namespace: 'ns', names: ['hook.ns.svc', '127.0.0.1', '::1'] };
const BUNDLE = Buffer.from('pem').toString('base64');
const KEPT: AdmissionRule = { apiGroups: ['kept'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['kept'] };
const configuration = (...clientConfigs: object[]): WebhookConfiguration => ({
  metadata: { name: 'c', resourceVersion: '7' },
  webhooks: clientConfigs.map((clientConfig, index) => ({ name: `w${index}`, clientConfig, rules: [KEPT] })),
});
const service = (name: string, namespace = 'ns'): object => ({ service: { name, namespace, path: '/x', port: 443 } });
const url = (text: string): object => ({ url: text });

describe('planTrust', () => {
  it.each<[string, object]>([
    ['our Service', service('hook')],
    ['one of our names', url('https://127.0.0.1:6443/validating-custom-resource')],
    ['one of our addresses in brackets', url('https://[::1]:6443/mutating-custom-resource')],
    ['the path of probes', url('https://127.0.0.1:6443/probe')],
    ['another bundle', { ...service('hook'), caBundle: 'b2xk' }],
  ])('sets the bundle of an entry with %s, and keeps what else stands there', (_, clientConfig) => {
    expect(planTrust(configuration(clientConfig), 'pem', endpoint)).toEqual({
      metadata: { resourceVersion: '7' },
      webhooks: [{ name: 'w0', rules: [KEPT], clientConfig: { ...clientConfig, caBundle: BUNDLE } }],
    });
  });

  it.each<[string, object]>([
    ['another Service', service('other')],
    ['a Service of that name elsewhere', service('hook', 'other')],
    ['another host', url('https://10.0.0.1:6443/validating-custom-resource')],
    ['another path of our host', url('https://127.0.0.1:6443/other')],
    ['an address that is none', url('::')],
    ['our bundle already', { ...service('hook'), caBundle: BUNDLE }],
  ])('has nothing to do for an entry with %s', (_, clientConfig) => {
    expect(planTrust(configuration(clientConfig), 'pem', endpoint)).toBeUndefined();
  });

  it('leaves the entries of others as they are beside ours', () => {
    const foreign = { ...service('other'), caBundle: 'Zm9yZWlnbg==' };
    const patch = planTrust(configuration(foreign, service('hook')), 'pem', endpoint) as WebhookConfiguration;
    expect(patch.webhooks?.map(({ clientConfig }) => clientConfig.caBundle)).toEqual(['Zm9yZWlnbg==', BUNDLE]);
  });

  it('has nothing to do without entries', () => {
    expect(planTrust({ metadata: { name: 'c' } }, 'pem', endpoint)).toBeUndefined();
  });
});

describe.each(REGISTRATIONS)('planRules for a $kind', (kind) => {
  const path = kind.kind.startsWith('Mutating') ? '/mutating-custom-resource' : '/validating-custom-resource';
  const at = (name: string, where: string): object => ({ service: { name, namespace: 'ns', path: where } });
  const ours = (clientConfig: object, ...others: readonly object[]): WebhookConfiguration => {
    const present = configuration(clientConfig, ...others);
    return {
      ...present,
      webhooks:
        present.webhooks?.map((entry, index) => (index === 0 ? { ...entry, name: WEBHOOK_ENTRY } : entry)) ?? [],
    };
  };
  const rulesAfter = (present: WebhookConfiguration): unknown => {
    const patch = planRules({ kind, configuration: present }, endpoint) as WebhookConfiguration | undefined;
    return patch?.webhooks?.map(({ rules }) => rules);
  };

  it.each<[string, object]>([
    ['our Service', at('hook', path)],
    ['one of our names', url(`https://127.0.0.1:1${path}`)],
  ])('adds the rule where the entry leads to %s, in the version that it saw', (_, clientConfig) => {
    const present = ours(clientConfig);
    expect(rulesAfter(present)).toEqual([[KEPT, kind.wanted]]);
    expect(planRules({ kind, configuration: present }, endpoint)).toMatchObject({ metadata: { resourceVersion: '7' } });
  });

  it.each<[string, object]>([
    ['to another Service', at('other', path)],
    ['to the path of probes', at('hook', '/probe')],
    ['to no path', service('hook')],
    ['to a host of others', url(`https://10.0.0.1:1${path}`)],
    ['nowhere', {}],
  ])('adds none where the entry leads %s', (_, clientConfig) => {
    expect(rulesAfter(ours(clientConfig))).toBeUndefined();
  });

  it('leaves an entry alone that somebody has added, although it leads to us: we may not write it', () => {
    const present = ours(at('hook', path), at('hook', path));
    expect(rulesAfter(present)).toEqual([[KEPT, kind.wanted], [KEPT]]);
    expect(rulesAfter(configuration(at('hook', path)))).toBeUndefined();
    const asked = present.webhooks?.map((entry) => ({ ...entry, rules: [kind.wanted] })) ?? [];
    const patch = planSilence({ kind, configuration: { ...present, webhooks: asked } }, endpoint);
    expect((patch as WebhookConfiguration).webhooks?.map(({ rules }) => rules)).toEqual([[], [kind.wanted]]);
  });

  it('takes the rule and its parts away where it is not to be asked, and leaves the rules of others', () => {
    const present = ours(at('hook', path), at('other', path));
    const part = { ...kind.wanted, operations: ['CREATE'] };
    const webhooks = present.webhooks?.map((entry) => ({ ...entry, rules: [KEPT, part, kind.wanted] })) ?? [];
    const patch = planSilence({ kind, configuration: { ...present, webhooks } }, endpoint) as WebhookConfiguration;
    expect(patch.webhooks?.map(({ rules }) => rules)).toEqual([[KEPT], [KEPT, part, kind.wanted]]);
    expect(planSilence({ kind, configuration: present }, endpoint)).toBeUndefined();
    expect(planSilence({ kind, configuration: undefined }, endpoint)).toBeUndefined();
  });

  it('has nothing to do where the rule stands, or where nothing is registered', () => {
    const present = ours(at('hook', path));
    const asked = {
      ...present,
      webhooks: present.webhooks?.map((entry) => ({ ...entry, rules: [kind.wanted] })) ?? [],
    };
    expect(rulesAfter(asked)).toBeUndefined();
    expect(planRules({ kind, configuration: undefined }, endpoint)).toBeUndefined();
  });
});
