import { describe, expect, it, jest } from '@jest/globals';
import { DEVICE_PLUGIN_SELECTOR } from '@sriov/api';
import { type Manifest } from '@sriov/control-plane';
import { service, STARTED_FILE } from '@sriov/device-plugin';
import { HANDOVER_FOLDER } from '@sriov/plugin-handover';
import { readSettings } from '@sriov/runtime';
import { z } from 'zod';
import { renderChart } from './render.ts';
import { operandsOf } from './test/operands-of.ts';

jest.setTimeout(120_000);

const probeSchema = z.looseObject({
  httpGet: z.object({ host: z.string(), path: z.string(), port: z.union([z.number(), z.string()]) }).optional(),
  exec: z.object({ command: z.array(z.string()) }).optional(),
});
const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  startupProbe: probeSchema.optional(),
  livenessProbe: probeSchema.optional(),
  resources: z.object({
    requests: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.string()).optional(),
  }),
  securityContext: z.record(z.string(), z.unknown()),
  terminationMessagePath: z.string().optional(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })),
});
const daemonSetSchema = z.object({
  spec: z.object({
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    updateStrategy: z.object({ rollingUpdate: z.record(z.string(), z.unknown()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        terminationGracePeriodSeconds: z.number().default(30),
        containers: z.array(containerSchema),
        volumes: z.array(z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).optional() })),
      }),
    }),
  }),
});
type DaemonSet = z.output<typeof daemonSetSchema>['spec'];

const OURS = 'sriov-operator-device-plugin';
const ORIGINAL = 'sriov-device-plugin';
const WITH_ORIGINAL = { images: { sriovDevicePlugin: 'registry/plugin:v1' } };

const daemonSet = async (name: string, values: object = {}): Promise<DaemonSet> => {
  const objects = await renderChart({ values: { ...WITH_ORIGINAL, ...values } });
  const found = operandsOf(objects).find(({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === name);
  return daemonSetSchema.parse(found).spec;
};
const containersOf = ({ template }: DaemonSet): z.output<typeof containerSchema>[] => template.spec.containers;
/** Folders of the host by whether the containers may write to them. */
const hostFolders = (set: DaemonSet, isWritable: boolean): string[] => {
  const [container] = containersOf(set);
  const mounts = container?.volumeMounts.filter(({ readOnly }) => (readOnly !== true) === isWritable) ?? [];
  return set.template.spec.volumes
    .flatMap(({ name, hostPath }) => (hostPath && mounts.some((mount) => mount.name === name) ? [hostPath.path] : []))
    .sort();
};

describe("the DaemonSet of the operator's own device plugin", () => {
  it('has the least rights: neither privileges nor capabilities nor a token', async () => {
    const { template } = await daemonSet(OURS);
    expect(template.spec).toMatchObject({ automountServiceAccountToken: false, serviceAccountName: OURS });
    for (const { securityContext } of template.spec.containers) {
      expect(securityContext).toEqual({
        runAsUser: 0,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
        seLinuxOptions: { type: 'spc_t' },
      });
    }
    const objects = await renderChart({ values: WITH_ORIGINAL });
    const bindings = objects.filter(({ kind }) => kind.endsWith('Binding'));
    expect(bindings.filter((binding) => JSON.stringify(binding).includes('device-plugin"'))).toEqual([]);
  });

  it('sees of the host what it needs, at the same paths, and writes only where it has to', async () => {
    const set = await daemonSet(OURS);
    expect(hostFolders(set, false)).toEqual(['/dev', '/var/lib/kubelet/pod-resources']);
    expect(hostFolders(set, true)).toEqual([
      HANDOVER_FOLDER,
      '/var/lib/kubelet/device-plugins',
      '/var/run/k8s.cni.cncf.io/devinfo/dp',
    ]);
    for (const { volumeMounts, terminationMessagePath } of containersOf(set)) {
      for (const { name, hostPath } of set.template.spec.volumes.filter((volume) => volume.hostPath)) {
        expect(volumeMounts).toContainEqual(expect.objectContaining({ name, mountPath: hostPath?.path }));
      }
      // The runtime could not make a file in a read-only folder.
      expect(terminationMessagePath).toMatch(/^\/tmp\//);
    }
  });

  it('meets the config daemon, which may write below the root of the same host, what is mounted there later included', async () => {
    const daemon = await daemonSet('sriov-network-config-daemon');
    expect(hostFolders(daemon, true)).toEqual(['/']);
    const [container] = containersOf(daemon);
    expect(container?.volumeMounts).toContainEqual({
      name: 'host',
      mountPath: container?.env.find(({ name }) => name === 'HOST_ROOT')?.value,
      mountPropagation: 'HostToContainer',
    });
  });

  it('is replaced without a moment in which none runs', async () => {
    const set = await daemonSet(OURS);
    expect(set.updateStrategy.rollingUpdate).toEqual({ maxSurge: '10%', maxUnavailable: 0 });
    expect(set.template.spec.hostNetwork).toBe(true);
    // A declared port of the host's network would keep the new pod from a node where the old one is.
    for (const container of containersOf(set)) expect(container).not.toHaveProperty('ports');
  });

  it('is left the time that its process takes to answer what the kubelet has asked', async () => {
    const { template } = await daemonSet(OURS);
    expect(template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(service.stopDeadlineMs ?? Infinity);
  });

  it('tells each process its pod, without which a kubelet that has just started is not believed', async () => {
    for (const { env } of containersOf(await daemonSet(OURS))) {
      const from = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
      expect(env).toContainEqual(from('POD_NAME', 'metadata.name'));
      expect(env).toContainEqual(from('POD_NAMESPACE', 'metadata.namespace'));
    }
  });

  it('runs two processes that share no port and no file', async () => {
    const [first, second] = containersOf(await daemonSet(OURS));
    expect([first?.name, second?.name]).toEqual(['device-plugin', 'device-plugin-standby']);
    const own = /device-plugin-standby|9114/g;
    const isSame = JSON.stringify(second).replaceAll(own, (text) => (text === '9114' ? '9113' : 'device-plugin'));
    expect(JSON.parse(isSame)).toEqual(first);
  });

  it('asks each process itself whether it is ready and lives, as the other may be another one of the rollout', async () => {
    for (const { name, env, startupProbe, livenessProbe } of containersOf(await daemonSet(OURS))) {
      const valueOf = (variable: string): string => env.find((each) => each.name === variable)?.value ?? '';
      expect(startupProbe?.exec?.command).toEqual(['cat', `/proc/1/cwd/${STARTED_FILE}`]);
      expect(valueOf('STARTED_FOLDER')).toBe(`/tmp/${name}`);
      const { host, port } = livenessProbe?.httpGet ?? {};
      expect(`${host}:${port}`).toBe(valueOf('LISTEN'));
    }
  });

  it('gives each process settings that it knows, and none that it would not read', async () => {
    for (const { args = [], env } of containersOf(await daemonSet(OURS, { devicePlugin: { useCdi: true } }))) {
      const source = { argv: args, env: Object.fromEntries(env.map(({ name, value }) => [name, value])) };
      const read = readSettings(service, source);
      expect(read).toMatchObject({
        settings: {
          configFile: '/etc/pcidp/$(NODE_NAME)',
          resourcePrefix: 'openshift.io',
          useCdi: true,
          allocationPolicy: 'packed',
          logLevel: 'info',
          listen: source.env['LISTEN'],
          startedFolder: source.env['STARTED_FOLDER'],
        },
      });
      const known = Object.keys(service.schema.shape).map((field) => field.replace(/[A-Z]/g, '_$&').toUpperCase());
      const others = Object.keys(source.env).filter((name) => !known.includes(name));
      // Kubernetes itself puts it into the name of the configuration's file.
      expect(others).toEqual(['NODE_NAME']);
    }
  });

  it('bounds its memory, and has a priority and tolerations of what a node cannot do without', async () => {
    const { template } = await daemonSet(OURS);
    expect(template.spec).toMatchObject({
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
    });
    for (const { resources } of template.spec.containers) {
      expect(resources).toMatchObject({ requests: expect.anything(), limits: { memory: expect.any(String) } });
    }
  });

  it('passes on what the values say', async () => {
    const values = {
      operator: { resourcePrefix: 'example.org' },
      devicePlugin: { useCdi: true, allocationPolicy: 'spread', logLevel: 'debug', port: 7000 },
      logLevel: 'warn',
    };
    const [first, second] = containersOf(await daemonSet(OURS, values));
    expect(first?.args).toEqual([
      '--config-file=/etc/pcidp/$(NODE_NAME)',
      '--resource-prefix=example.org',
      '--allocation-policy=spread',
      '--use-cdi',
    ]);
    expect(second?.env).toContainEqual({ name: 'LISTEN', value: '127.0.0.1:7001' });
    expect(first?.env).toContainEqual({ name: 'LOG_LEVEL', value: 'debug' });
    const [plain] = containersOf(await daemonSet(OURS, { sriovOperatorConfig: { logLevel: 0 } }));
    expect(plain?.env).toContainEqual({ name: 'LOG_LEVEL', value: 'warn' });
  });
});

describe('the DaemonSet of the original device plugin', () => {
  it("runs it as upstream's operator does", async () => {
    const set = await daemonSet(ORIGINAL);
    expect(set.template.spec).toMatchObject({ hostNetwork: true, priorityClassName: 'system-node-critical' });
    const [container] = containersOf(set);
    expect(container).toMatchObject({
      image: 'registry/plugin:v1',
      args: ['--log-level=10', '--resource-prefix=openshift.io', '--config-file=/etc/pcidp/$(NODE_NAME)'],
      securityContext: { privileged: true },
    });
    expect(hostFolders(set, true)).toEqual([
      '/var/lib/kubelet/device-plugins',
      '/var/lib/kubelet/plugins_registry',
      '/var/run/k8s.cni.cncf.io/devinfo/dp',
    ]);
  });

  it('has the pods that the daemon restarts, and the other DaemonSet has none of them', async () => {
    const [label = '', value] = DEVICE_PLUGIN_SELECTOR.split('=');
    expect((await daemonSet(ORIGINAL)).template.metadata.labels[label]).toBe(value);
    expect((await daemonSet(OURS)).template.metadata.labels[label]).not.toBe(value);
    for (const name of [OURS, ORIGINAL]) {
      const { selector, template } = await daemonSet(name);
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    }
  });
});

describe.each([OURS, ORIGINAL])('the DaemonSet %s', (name) => {
  it('mounts the folder of CDI only when CDI is used', async () => {
    expect(hostFolders(await daemonSet(name), true)).not.toContain('/var/run/cdi');
    const set = await daemonSet(name, { devicePlugin: { useCdi: true } });
    expect(hostFolders(set, true)).toContain('/var/run/cdi');
    for (const { args } of containersOf(set)) expect(args).toContain('--use-cdi');
  });

  it('mounts all ConfigMaps that the policy controller may write, and starts without them', async () => {
    const values = { policyController: { devicePluginConfigShards: 3 } };
    const names = ['device-plugin-config', 'device-plugin-config-1', 'device-plugin-config-2'];
    const { template } = await daemonSet(name, values);
    expect(template.spec.volumes).toContainEqual({
      name: 'config',
      projected: { sources: names.map((each) => ({ configMap: { name: each, optional: true } })) },
    });
    const role = (await renderChart({ values })).find(isRoleOf('policy-controller'));
    for (const each of names) expect(JSON.stringify(role)).toContain(`"${each}"`);
  });
});

const isRoleOf =
  (account: string) =>
  ({ kind, metadata }: Manifest): boolean =>
    kind === 'Role' && metadata.name === account;
