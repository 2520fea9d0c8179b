import { Authority, type KeyPair } from '@sriov/certificates';
import { namesOf, splitNames } from './names.ts';
import { AUTHORITY_LIFETIMES, BACKDATED_MS, type CertificateStep, endOf } from './plan.ts';
import { secretData, type StoredCertificates } from './stored.ts';

/** What carrying out a step needs. */
export interface IssueFacts {
  readonly stored: StoredCertificates | undefined;
  readonly names: readonly string[];
  readonly lifetimeMs: number;
  readonly now: number;
}

/** Makes what the step asks for. Returns the new `data` of the Secret. */
export async function carryOut(
  step: Exclude<CertificateStep, 'nothing'>,
  facts: IssueFacts,
): Promise<Record<string, string>> {
  const { stored, now } = facts;
  if (step === 'create' || stored === undefined) {
    const authority = await createAuthority(facts);
    const { certificate, privateKey } = await authority.export();
    return secretData({ bundle: certificate, authorityKey: privateKey, pair: await issue(authority, facts) });
  }
  if (step === 'renew-authority') {
    const { certificate, privateKey } = await (await createAuthority(facts)).export();
    const earlier = [stored.authority, ...stored.earlierAuthorities].filter((each) => endOf(each) > now);
    const bundle = [certificate.trimEnd(), ...earlier.map((each) => each.toString().trimEnd())].join('\n') + '\n';
    return secretData({ bundle, authorityKey: privateKey, pair: stored.pair });
  }
  const authority = await Authority.load({
    certificate: stored.authority.toString(),
    privateKey: stored.authorityKey,
  });
  return secretData({ ...stored, pair: await issue(authority, facts) });
}

/** Each has a name of its own: verifiers look authorities up by name. */
function createAuthority({ lifetimeMs, now }: IssueFacts): Promise<Authority> {
  return Authority.create(`sriov-operator webhook authority ${new Date(now).toISOString()}`, {
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_LIFETIMES * lifetimeMs),
  });
}

/**
 * While the certificate is valid, its names stay beside ours. Otherwise replicas with different settings, as during an
 * update, would remove each other's names in turn.
 */
function issue(authority: Authority, { stored, names, lifetimeMs, now }: IssueFacts): Promise<KeyPair> {
  const present = stored && endOf(stored.certificate) > now ? namesOf(stored.certificate) : [];
  const all = [...new Set([...names, ...present])];
  return authority.issue(
    { commonName: 'admission-webhook', ...splitNames(all) },
    {
      notBefore: new Date(now - BACKDATED_MS),
      notAfter: new Date(Math.min(now + lifetimeMs, authority.notAfter.getTime())),
    },
  );
}
