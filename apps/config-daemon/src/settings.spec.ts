import { describe, expect, it } from '@jest/globals';
import { readSettings } from '@sriov/runtime';
import { service } from './service.ts';

const read = (...argv: string[]): ReturnType<typeof readSettings<typeof service.schema>> =>
  readSettings(service, { argv: ['--node-name=node-1', ...argv], env: {} });

describe('the settings of the config daemon', () => {
  it('are these by default', () => {
    expect(read()).toEqual({
      settings: {
        listen: ':8081',
        logLevel: 'info',
        namespace: 'sriov-network-operator',
        nodeName: 'node-1',
        hostRoot: '/host',
        iommu: 'passthrough',
        maxReboots: 2,
        stateFolder: '/etc/sriov-operator',
        auditSeconds: 300,
        passLimitSeconds: 600,
        configureHostInterfaces: false,
        devicePluginMetricsPort: 0,
        manageSoftwareBridges: false,
        changeFirmware: true,
        drainPolicy: 'whenInUse',
        useExternalDrainer: false,
        dryRun: false,
      },
    });
  });

  it.each<[string, string[], object]>([
    ['the shortest times', ['--audit-seconds=1', '--pass-limit-seconds=1'], { auditSeconds: 1, passLimitSeconds: 1 }],
    ['the pod of the daemon', ['--pod-name=daemon-x7k2p'], { podName: 'daemon-x7k2p' }],
    ['another state folder', ['--state-folder', '/var/lib/x'], { stateFolder: '/var/lib/x' }],
    ['leave to change what the host uses', ['--configure-host-interfaces'], { configureHostInterfaces: true }],
  ])('take %s', (_, argv, expected) => expect(read(...argv)).toMatchObject({ settings: expected }));

  it.each<[string, string[], string]>([
    ['a node without a name', ['--node-name='], '--node-name (or NODE_NAME): '],
    ['a namespace without a name', ['--namespace='], '--namespace (or NAMESPACE): '],
    ['a pod without a name', ['--pod-name='], '--pod-name (or POD_NAME): '],
    [
      'a state folder that depends on where the daemon runs',
      ['--state-folder', 'x'],
      '--state-folder (or STATE_FOLDER): ',
    ],
    [
      'a port that leaves none to the standby',
      ['--device-plugin-metrics-port=65535'],
      '--device-plugin-metrics-port (or DEVICE_PLUGIN_METRICS_PORT): ',
    ],
    ['looks without a pause', ['--audit-seconds=0'], '--audit-seconds (or AUDIT_SECONDS): '],
    ['passes without time', ['--pass-limit-seconds=0'], '--pass-limit-seconds (or PASS_LIMIT_SECONDS): '],
  ])('refuse %s', (_, argv, message) => {
    expect(() => read(...argv)).toThrow(`config-daemon: wrong settings:\n  ${message}`);
  });

  it('say what the program is for', () => {
    expect(read('--help')).toEqual({ text: expect.stringMatching(/^config-daemon.*\n?.*makes the SR-IOV devices/) });
  });

  it('name the processes whose metrics are passed on', () => {
    const neighbours = (...argv: string[]): unknown => {
      const result = read(...argv);
      return 'settings' in result && [...(service.neighbours?.(result.settings) ?? [])];
    };
    expect(neighbours()).toEqual([]);
    expect(neighbours('--device-plugin-metrics-port=9113')).toEqual([
      ['/metrics/device-plugin', 9113],
      ['/metrics/device-plugin-standby', 9114],
    ]);
  });

  it('tell a dry run from a service', () => {
    const isOneShot = (...argv: string[]): unknown => {
      const result = read(...argv);
      return 'settings' in result && service.isOneShot?.(result.settings);
    };
    expect([isOneShot(), isOneShot('--dry-run')]).toEqual([false, true]);
  });
});
