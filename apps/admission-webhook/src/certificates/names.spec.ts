import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Authority } from '@sriov/certificates';
import { coversNames, endpointOf, namesOf, splitNames } from './names.ts';

const DAY = 86_400_000;
let certificate: X509Certificate;
let nameless: X509Certificate;

beforeAll(async () => {
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
  const authority = await Authority.create('spec', validity);
  const names = { dnsNames: ['hook.operator.svc', 'localhost'], ipAddresses: ['127.0.0.1', '2001:db8::1'] };
  certificate = new X509Certificate((await authority.issue({ commonName: 'hook', ...names }, validity)).certificate);
  nameless = new X509Certificate(authority.certificate);
});

describe('the names under which the webhook is reached', () => {
  it('are those of its Service, and then those of the settings, each once', () => {
    const settings = {
      serviceName: 'hook',
      namespace: 'operator',
      certificateNames: ['hook.operator.svc', '10.0.0.1'],
    };
    expect(endpointOf(settings)).toEqual({
      serviceName: 'hook',
      namespace: 'operator',
      names: ['hook.operator.svc', 'hook.operator.svc.cluster.local', '10.0.0.1'],
    });
  });

  it('are DNS names or IP addresses of either version', () => {
    expect(splitNames(['a.svc', '10.0.0.1', '2001:db8::1', 'b'])).toEqual({
      dnsNames: ['a.svc', 'b'],
      ipAddresses: ['10.0.0.1', '2001:db8::1'],
    });
  });
});

describe('the names of a certificate', () => {
  it('are read from it, whatever their kind', () => {
    expect(namesOf(certificate)).toEqual(['hook.operator.svc', 'localhost', '127.0.0.1', '2001:DB8:0:0:0:0:0:1']);
  });

  it('are none where it is for no name', () => expect(namesOf(nameless)).toEqual([]));

  it('are none for kinds of names that a webhook does not have', () => {
    const subjectAltName = 'URI:spiffe://x, DNS:a, email:b@c, IP Address:10.0.0.1';
    expect(namesOf({ subjectAltName })).toEqual(['a', '10.0.0.1']);
  });

  it.each<[string, string[], boolean]>([
    ['all of its names', ['hook.operator.svc', 'localhost', '127.0.0.1', '2001:db8::1'], true],
    ['another DNS name beside one of its own', ['localhost', 'other'], false],
    ['another IP address beside one of its own', ['127.0.0.1', '127.0.0.2'], false],
    ['no name', [], true],
  ])('are compared with those that are wanted: %s', (_, names, expected) => {
    expect(coversNames(certificate, names)).toBe(expected);
  });
});
