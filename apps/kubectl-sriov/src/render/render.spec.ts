import { describe, expect, it } from '@jest/globals';
import { readJson } from '@sriov/testing';
import { z } from 'zod';
import { object, OPTIONS, policy, runOn, runWith } from '../test/test-run.ts';

const attachmentsSchema = z.array(
  z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
    spec: z.looseObject({ config: z.string() }),
  }),
);
type Attachment = z.output<typeof attachmentsSchema>[number];
const attachmentsIn = (stdout: string): Attachment[] => readJson(attachmentsSchema, stdout);

const render = async (...objects: object[]): Promise<Attachment[]> =>
  attachmentsIn((await runOn(objects, 'render', '-o', 'json', ...OPTIONS)).stdout);
const lines = (...text: string[]): string => text.join('\n');

const BLUE = object('SriovNetwork', 'blue-net', {
  networkNamespace: 'apps',
  resourceName: 'r_kernel',
  vlan: 120,
  vlanQoS: 3,
  vlanProto: '802.1ad',
  spoofChk: 'off',
  trust: 'on',
  linkState: 'auto',
  minTxRate: 0,
  maxTxRate: 5000,
  capabilities: '{"mac":true,"ips":true}',
  ipam: '{ "type":"whereabouts", "range":"10.9.0.0/24" }',
  metaPlugins: '{"type":"tuning","sysctl":{"net.core.somaxconn":"512"}}',
  logFile: '/var/log/sriov.log',
});

const BLUE_CONFIG = lines(
  '{',
  '    "cniVersion": "1.0.0",',
  '    "name": "blue-net",',
  '    "plugins": [',
  '        {',
  '            "type": "sriov",',
  '            "vlan": 120,',
  '            "spoofchk": "off",',
  '            "trust": "on",',
  '            "vlanQoS": 3,',
  '            "vlanProto": "802.1ad",',
  '            "min_tx_rate": 0,',
  '            "max_tx_rate": 5000,',
  '            "capabilities": {',
  '                "mac": true,',
  '                "ips": true',
  '            },',
  '            "link_state": "auto",',
  '            "logLevel": "info",',
  '            "logFile": "/var/log/sriov.log",',
  '            "ipam": {',
  '                "type": "whereabouts",',
  '                "range": "10.9.0.0/24"',
  '            }',
  '        },',
  '        {',
  '            "type": "tuning",',
  '            "sysctl": {',
  '                "net.core.somaxconn": "512"',
  '            }',
  '        }',
  '    ]',
  '}',
);

describe('render', () => {
  it('renders every field of a SriovNetwork, byte for byte', async () => {
    expect(await render(BLUE)).toEqual([
      {
        apiVersion: 'k8s.cni.cncf.io/v1',
        kind: 'NetworkAttachmentDefinition',
        metadata: {
          name: 'blue-net',
          namespace: 'apps',
          annotations: {
            'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/r_kernel',
            'sriovnetwork.openshift.io/owner-ref': 'SriovNetwork.sriovnetwork.openshift.io/sriov-system/blue-net',
          },
        },
        spec: { config: BLUE_CONFIG },
      },
    ]);
  });

  it('takes null for absent, and leaves what the user wrote as it is', async () => {
    const ipam = '{"b": 1e3, "a": 1.50, "1": "\\u00e9 \\/"}';
    const [attachment] = await render(object('SriovNetwork', 'net', { resourceName: 'r', minTxRate: null, ipam }));
    expect(attachment?.spec.config).toBe(
      lines(
        '{',
        '    "cniVersion": "1.0.0",',
        '    "name": "net",',
        '    "type": "sriov",',
        '    "vlan": 0,',
        '    "vlanQoS": 0,',
        '    "logLevel": "info",',
        '    "ipam": {',
        '        "b": 1e3,',
        '        "a": 1.50,',
        '        "1": "\\u00e9 \\/"',
        '    }',
        '}',
      ),
    );
  });

  it('puts networks without a namespace in that of the operator, under the prefix that is asked for', async () => {
    const network = { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'OVSNetwork', metadata: { name: 'n' } };
    const options = ['--resource-prefix', 'example.com', '-o', 'json'];
    const ran = await runOn([{ ...network, spec: { resourceName: 'r' } }], 'render', ...options);
    expect(JSON.parse(ran.stdout)).toMatchObject([
      {
        metadata: {
          namespace: 'sriov-network-operator',
          annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'example.com/r' },
        },
      },
    ]);
  });

  it('prints documents as YAML, in order of the input, the configuration as it is', async () => {
    const { stdout } = await runOn(
      [BLUE, object('OVSNetwork', 'a', { resourceName: 'r' })],
      'render',
      '-o',
      'yaml',
      ...OPTIONS,
    );
    const [first = '', second = '', ...rest] = stdout.split('---\n');
    expect(rest).toEqual([]);
    const indented = BLUE_CONFIG.split('\n').map((line) => `    ${line}`);
    expect(first).toContain(`spec:\n  config: |-\n${lines(...indented)}\n`);
    expect(second).toContain('name: a\n');
  });

  it('tells where a network cannot be rendered, renders the others and ends with 1', async () => {
    const { exitCode, stdout, stderr } = await runOn(
      [
        object('SriovNetwork', 'bad', { resourceName: 'r', ipam: '{"type": }' }),
        object('SriovNetwork', { name: 'far', namespace: 'team-a' }, { resourceName: 'r', networkNamespace: 'apps' }),
        object('SriovNetwork', 'good', { resourceName: 'r' }),
      ],
      ...['render', '-o', 'json', ...OPTIONS],
    );
    expect(exitCode).toBe(1);
    expect(attachmentsIn(stdout).map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect(stderr).toBe(
      lines(
        'error: standard input: document 1, line 1, item 1 of the list: SriovNetwork bad: spec.ipam is not valid JSON: line 1, column 10: a value is expected, not "}"',
        'error: standard input: document 1, line 1, item 2 of the list: SriovNetwork far: spec.networkNamespace "apps" may only be set in the operator namespace sriov-system, and this is team-a: remove it, or create the network there',
        '',
      ),
    );
  });

  it('refuses what the API server refuses: a bare on is a boolean in YAML', async () => {
    const yaml = lines(
      'apiVersion: sriovnetwork.openshift.io/v1',
      'kind: SriovNetwork',
      'metadata: {name: net}',
      'spec: {resourceName: r, trust: on}',
    );
    const { exitCode, stderr } = await runWith(yaml, 'render', '-f', '-');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('spec.trust');
  });

  it('renders of an object that is there twice the later one, as kubectl apply would have it', async () => {
    const net = (spec: object): object => object('OVSNetwork', 'net', { resourceName: 'r', ...spec });
    const objects = [net({ vlan: 1 }), object('OVSNetwork', 'between', { resourceName: 'r' }), net({ vlan: 2 })];
    const { stdout, stderr } = await runOn(objects, 'render', '-o', 'json', ...OPTIONS);
    const attachments = attachmentsIn(stdout);
    expect(attachments.map(({ metadata }) => metadata.name)).toEqual(['between', 'net']);
    expect(attachments[1]?.spec.config).toContain('"vlan": 2');
    expect(stderr).toMatch(/^note: OVSNetwork sriov-system\/net is there twice: .*item 3 of the list counts, .*\n$/);
  });

  it('tells of networks that become the same object, of which the cluster serves one', async () => {
    const objects = [
      object('SriovNetwork', 'net', { resourceName: 'r', networkNamespace: 'team-a' }),
      object('OVSNetwork', { name: 'net', namespace: 'team-a' }, { resourceName: 'r' }),
    ];
    const { exitCode, stdout, stderr } = await runOn(objects, 'render', '-o', 'json', ...OPTIONS);
    expect({ exitCode, count: attachmentsIn(stdout).length }).toEqual({ exitCode: 0, count: 2 });
    expect(stderr).toBe(
      'note: SriovNetwork sriov-system/net, OVSNetwork team-a/net become the same NetworkAttachmentDefinition team-a/net: only the one that is there first gets it; rename the rest\n',
    );
  });

  it('says so when there is no network', async () => {
    const ran = await runOn([policy('p', {})], 'render', '-o', 'json');
    expect(ran).toEqual({ exitCode: 0, stdout: '[]\n', stderr: 'note: there is no network in the input\n' });
  });
});
