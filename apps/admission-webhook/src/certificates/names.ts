import { type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** The names under which the API server reaches us. */
export interface Endpoint {
  readonly serviceName: string;
  readonly namespace: string;
  /** DNS names and IP addresses, those of the Service first. */
  readonly names: readonly string[];
}

/** The endpoint of a Service, and further names under which it may be reached. */
export function endpointOf(settings: {
  readonly serviceName: string;
  readonly namespace: string;
  readonly certificateNames: readonly string[];
}): Endpoint {
  const { serviceName, namespace, certificateNames } = settings;
  const service = `${serviceName}.${namespace}.svc`;
  return { serviceName, namespace, names: [...new Set([service, `${service}.cluster.local`, ...certificateNames])] };
}

/** True when the certificate is for all of the names. */
export function coversNames(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.every((name) =>
    isIP(name) > 0 ? certificate.checkIP(name) !== undefined : certificate.checkHost(name) !== undefined,
  );
}

/** The names that the certificate is for. */
export function namesOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): string[] {
  return subjectAltName.split(', ').flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
}

/** Names in the form in which certificates compare them. */
export function splitNames(names: readonly string[]): { dnsNames: string[]; ipAddresses: string[] } {
  return {
    dnsNames: names.filter((name) => isIP(name) === 0),
    ipAddresses: names.filter((name) => isIP(name) > 0),
  };
}
