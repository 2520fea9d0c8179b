import { describe, expect, it } from '@jest/globals';
import { planTrust, type WebhookConfiguration } from './registration.ts';

const endpoint = { serviceName: 'hook', namespace: 'ns', names: ['hook.ns.svc', '127.0.0.1', '::1'] };
const BUNDLE = Buffer.from('pem').toString('base64');
const configuration = (...clientConfigs: object[]): WebhookConfiguration => ({
  metadata: { name: 'c', resourceVersion: '7' },
  webhooks: clientConfigs.map((clientConfig, index) => ({ name: `w${index}`, clientConfig, rules: ['kept'] })),
});
const service = (name: string, namespace = 'ns'): object => ({ service: { name, namespace, path: '/x', port: 443 } });
const url = (text: string): object => ({ url: text });

describe('planTrust', () => {
  it.each<[string, object]>([
    ['our Service', service('hook')],
    ['one of our names', url('https://127.0.0.1:6443/validating-custom-resource')],
    ['one of our addresses in brackets', url('https://[::1]:6443/mutating-custom-resource')],
    ['another bundle', { ...service('hook'), caBundle: 'b2xk' }],
  ])('sets the bundle of an entry with %s, and keeps what else stands there', (_, clientConfig) => {
    expect(planTrust(configuration(clientConfig), 'pem', endpoint)).toEqual({
      metadata: { resourceVersion: '7' },
      webhooks: [{ name: 'w0', rules: ['kept'], clientConfig: { ...clientConfig, caBundle: BUNDLE } }],
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
