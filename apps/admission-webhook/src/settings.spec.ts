import { describe, expect, it } from '@jest/globals';
import { readSettings } from '@sriov/runtime';
import { service } from './service.ts';

const read = (...argv: string[]): ReturnType<typeof readSettings<typeof service.schema>> =>
  readSettings(service, { argv: [...argv], env: {} });

describe('the settings of the admission webhook', () => {
  it('are these by default', () => {
    expect(read()).toEqual({
      settings: {
        listen: ':8081',
        logLevel: 'info',
        namespace: 'sriov-network-operator',
        port: 6443,
        stopDelaySeconds: 5,
        supportedNicsOnly: false,
        serviceName: 'operator-webhook-service',
        certificateNames: [],
        certificateSecret: 'operator-webhook-cert',
        certificateDays: 90,
      },
    });
  });

  it.each<[string, string[], object]>([
    ['any free port of one address', ['--port=0', '--bind-address=127.0.0.1'], { port: 0, bindAddress: '127.0.0.1' }],
    ['the last port', ['--port=65535'], { port: 65_535 }],
    ['further names', ['--certificate-names=a,127.0.0.1'], { certificateNames: ['a', '127.0.0.1'] }],
    ['the longest lifetime', ['--certificate-days=3650'], { certificateDays: 3650 }],
    ['a certificate from files', ['--certificate-file=c', '--key-file=k'], { certificateFile: 'c', keyFile: 'k' }],
    ['the restriction to supported NICs', ['--supported-nics-only'], { supportedNicsOnly: true }],
  ])('take %s', (_, argv, expected) => expect(read(...argv)).toMatchObject({ settings: expected }));

  it.each<[string, string[], string]>([
    ['a namespace without a name', ['--namespace='], '--namespace (or NAMESPACE): '],
    ['a port below 0', ['--port=-1'], '--port (or PORT): '],
    ['a port that there is not', ['--port=65536'], '--port (or PORT): '],
    ['an address without a name', ['--bind-address='], '--bind-address (or BIND_ADDRESS): '],
    ['a Service without a name', ['--service-name='], '--service-name (or SERVICE_NAME): '],
    ['a Secret without a name', ['--certificate-secret='], '--certificate-secret (or CERTIFICATE_SECRET): '],
    ['a certificate name that is empty', ['--certificate-names=a,'], '--certificate-names (or CERTIFICATE_NAMES): '],
    ['a certificate that is never valid', ['--certificate-days=0'], '--certificate-days (or CERTIFICATE_DAYS): '],
    [
      'a certificate for longer than ten years',
      ['--certificate-days=3651'],
      '--certificate-days (or CERTIFICATE_DAYS): ',
    ],
    [
      'a certificate without its key',
      ['--certificate-file=c'],
      '--key-file (or KEY_FILE): --certificate-file and --key-file have to be given together',
    ],
    [
      'a key without its certificate',
      ['--key-file=k'],
      '--key-file (or KEY_FILE): --certificate-file and --key-file have to be given together',
    ],
    ['a file without a name', ['--certificate-file=', '--key-file=k'], '--certificate-file (or CERTIFICATE_FILE): '],
  ])('refuse %s', (_, argv, message) => {
    expect(() => read(...argv)).toThrow(`admission-webhook: wrong settings:\n  ${message}`);
  });

  it('say what the program is for', () => {
    expect(read('--help')).toEqual({ text: expect.stringMatching(/^admission-webhook.*\n?.*judges writes/) });
  });
});
