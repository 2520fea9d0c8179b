import { type KeyPair } from '@sriov/certificates';
import { stringify } from 'yaml';

/** A kubeconfig with one cluster and one user, who has a client certificate or a token. */
export function kubeconfigText(access: {
  readonly server: string;
  readonly ca: string;
  readonly user: { readonly name: string } & ({ readonly pair: KeyPair } | { readonly token: string });
}): string {
  const { server, ca, user } = access;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const credentials =
    'pair' in user
      ? {
          'client-certificate-data': base64(user.pair.certificate),
          'client-key-data': base64(user.pair.privateKey),
        }
      : { token: user.token };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sriov', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: user.name, user: credentials }],
    contexts: [{ name: 'sriov', context: { cluster: 'sriov', user: user.name } }],
    'current-context': 'sriov',
  };
  // kubectl reads YAML 1.1.
  return stringify(config, { compat: 'yaml-1.1' });
}
