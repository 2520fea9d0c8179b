import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** For whom a certificate is made. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes uses it as the group of the user. */
  readonly organization?: string;
  /** Names and IP addresses of a server; without any, the certificate is for a client. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** When certificates are valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** ECDSA on P-256: a key takes a millisecond, and every TLS library supports it. */
const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

/** A certificate authority of our own. */
export class Authority {
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  /** Makes a new authority with a key of its own. */
  static async create(commonName: string, validity: Validity): Promise<Authority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: [{ CN: [commonName] }],
      ...validity,
      signingAlgorithm: SIGNATURE,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
      ],
    });
    return new Authority(certificate, keys);
  }

  /** Reads an authority back from its PEM texts. @throws Error when they are not a key and its certificate. */
  static async load(pair: KeyPair): Promise<Authority> {
    const certificate = new x509.X509Certificate(pair.certificate);
    const pkcs8 = x509.PemConverter.decodeFirst(pair.privateKey);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, KEY, true, ['sign']);
    const publicKey = await certificate.publicKey.export(KEY, ['verify']);
    return new Authority(certificate, { privateKey, publicKey });
  }

  /** The authority's own certificate, PEM: what others have to trust. */
  get certificate(): string {
    return this.#certificate.toString('pem');
  }

  get notAfter(): Date {
    return this.#certificate.notAfter;
  }

  /** The authority as PEM texts, to be kept secret. */
  async export(): Promise<KeyPair> {
    return { certificate: this.certificate, privateKey: await exportKey(this.#keys.privateKey) };
  }

  /** Makes a certificate with a new key for the subject. */
  async issue(subject: Subject, validity: Validity): Promise<KeyPair> {
    const keys = await generateKeys();
    const { commonName, organization, dnsNames = [], ipAddresses = [] } = subject;
    const isServer = dnsNames.length + ipAddresses.length > 0;
    const usage = isServer ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
    const names = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])],
      issuer: this.#certificate.subject,
      ...validity,
      signingAlgorithm: SIGNATURE,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(isServer ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) };
  }
}

/** Makes a private key and its public key, PEM, without a certificate: for signing service account tokens. */
export async function createSigningKey(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const keys = await generateKeys();
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  return { privateKey: await exportKey(keys.privateKey), publicKey: x509.PemConverter.encode(spki, 'PUBLIC KEY') };
}

/** When a certificate expires. @throws Error when the text is not a certificate. */
export function expiryOf(certificate: string): Date {
  return new x509.X509Certificate(certificate).notAfter;
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** 16 random octets; the first is kept small, since a serial number is a positive integer. */
function serialNumber(): string {
  const octets = webcrypto.getRandomValues(new Uint8Array(16));
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(octets).toString('hex');
}
