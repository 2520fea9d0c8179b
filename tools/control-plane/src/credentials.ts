import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority, createSigningKey, type KeyPair } from '@sriov/certificates';

/** Throw-away keys and certificates of a control plane, as PEM texts, and the files that its programs read. */
export interface Credentials {
  readonly ca: string;
  /** A user of the group system:masters. */
  readonly admin: KeyPair;
  /** Makes the credentials of another user, who is in a group. */
  readonly issueClient: (user: { readonly name: string; readonly group: string }) => Promise<KeyPair>;
  readonly files: {
    readonly ca: string;
    readonly serverCertificate: string;
    readonly serverKey: string;
    readonly signingKey: string;
    readonly signingPublicKey: string;
  };
}

const DAY_MS = 86_400_000;

/**
 * Makes them all in the folder.
 * @param ipAddresses addresses by which clients reach the API server, beside the loopback address
 */
export async function createCredentials(folder: string, ipAddresses: readonly string[] = []): Promise<Credentials> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 30 * DAY_MS) };
  const authority = await Authority.create('control-plane', validity);
  const issueClient: Credentials['issueClient'] = ({ name, group }) =>
    authority.issue({ commonName: name, organization: group }, validity);
  const [server, admin, signing] = await Promise.all([
    authority.issue(
      {
        commonName: 'kube-apiserver',
        dnsNames: ['localhost', 'kubernetes.default.svc'],
        ipAddresses: ['127.0.0.1', ...ipAddresses],
      },
      validity,
    ),
    issueClient({ name: 'admin', group: 'system:masters' }),
    createSigningKey(),
  ]);
  await mkdir(folder, { recursive: true });
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    ca: authority.certificate,
    admin,
    issueClient,
    files: {
      ca: await write('ca.crt', authority.certificate),
      serverCertificate: await write('server.crt', server.certificate),
      serverKey: await write('server.key', server.privateKey),
      signingKey: await write('service-account.key', signing.privateKey),
      signingPublicKey: await write('service-account.pub', signing.publicKey),
    },
  };
}
