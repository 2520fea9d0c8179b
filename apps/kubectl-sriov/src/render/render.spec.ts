import { describe, expect, it } from '@jest/globals';
import { object, OPTIONS, policy, runOn, runWith } from '../test-run.ts';

interface Attachment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [field: string]: unknown };
  readonly spec: { readonly config: string };
}

const render = async (...objects: object[]): Promise<Attachment[]> =>
  JSON.parse((await runOn(objects, 'render', '-o', 'json', ...OPTIONS)).stdout) as Attachment[];
const configOf = async (kind: string, spec: object): Promise<string> => {
  const [attachment] = await render(object(kind, 'net', { resourceName: 'r', ...spec }));
  return attachment?.spec.config ?? '';
};
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

  it.each([
    [
      'SriovNetwork',
      ['    "type": "sriov",', '    "vlan": 0,', '    "vlanQoS": 0,', '    "logLevel": "info",', '    "ipam": {}'],
    ],
    ['SriovIBNetwork', ['    "type": "ib-sriov",', '    "ipam": {}']],
    ['OVSNetwork', ['    "type": "ovs",', '    "ipam": {}']],
  ])('renders a %s that says nothing but its resource', async (kind, rest) => {
    const text = lines('{', '    "cniVersion": "1.0.0",', '    "name": "net",', ...rest, '}');
    expect(await configOf(kind, {})).toBe(text);
  });

  it('renders every field of an OVSNetwork', async () => {
    const config = await configOf('OVSNetwork', {
      vlan: 100,
      mtu: 1500,
      trunk: [{ id: 120 }, { minID: 500, maxID: 550 }],
      bridge: 'br1',
      interfaceType: 'netdev',
    });
    expect(JSON.stringify(JSON.parse(config))).toBe(
      '{"cniVersion":"1.0.0","name":"net","type":"ovs","bridge":"br1","vlan":100,"mtu":1500,"trunk":[{"id":120},{"minID":500,"maxID":550}],"interface_type":"netdev","ipam":{}}',
    );
  });

  it('renders the partition of a SriovIBNetwork between capabilities and link state', async () => {
    const config = await configOf('SriovIBNetwork', {
      pKey: '0x8001',
      linkState: 'enable',
      capabilities: '{"infinibandGUID":true}',
    });
    expect(Object.keys(JSON.parse(config) as object)).toEqual([
      ...['cniVersion', 'name', 'type', 'capabilities', 'pkey', 'link_state', 'ipam'],
    ]);
  });

  it.each([
    ['a rate of null is none', { minTxRate: null }, '"vlanQoS": 0,\n    "logLevel"'],
    ['a rate of 0 is one', { minTxRate: 0 }, '"min_tx_rate": 0,\n    "logLevel"'],
    ['JSON is indented anew', { ipam: '{ "type" : "static" }' }, '"ipam": {\n        "type": "static"\n    }'],
    ['numbers keep their text', { ipam: '{"a": 1.50, "b": 1e3}' }, '"a": 1.50,\n        "b": 1e3'],
    ['members keep their order', { ipam: '{"b": 1, "a": 2, "1": 3}' }, '"b": 1,\n        "a": 2,\n        "1": 3'],
    ['escapes stay as they are', { ipam: '{"a": "\\u00e9 \\/"}' }, '"a": "\\u00e9 \\/"'],
  ])('keeps what the user wrote: %s', async (_, spec, text) => {
    expect(await configOf('SriovNetwork', spec)).toContain(text);
  });

  it('chains all plugins of metaPlugins', async () => {
    const config = await configOf('SriovNetwork', { metaPlugins: '{"type":"tuning"}, {"type":"vrf"}' });
    const { plugins } = JSON.parse(config) as { plugins: { type: string }[] };
    expect(plugins.map(({ type }) => type)).toEqual(['sriov', 'tuning', 'vrf']);
  });

  it('renders a network of another namespace into that one, owned by the network', async () => {
    const network = { name: 'net', namespace: 'team-a', uid: '7e5c' };
    expect(await render(object('SriovNetwork', network, { resourceName: 'r' }))).toMatchObject([
      {
        metadata: {
          namespace: 'team-a',
          annotations: {
            'sriovnetwork.openshift.io/owner-ref': 'SriovNetwork.sriovnetwork.openshift.io/team-a/net',
          },
          ownerReferences: [{ kind: 'SriovNetwork', name: 'net', uid: '7e5c' }],
        },
      },
    ]);
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
    expect((JSON.parse(stdout) as Attachment[]).map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect(stderr).toBe(
      lines(
        'error: standard input: document 1, line 1, item 1 of the list: SriovNetwork bad: spec.ipam is not valid JSON: line 1, column 10: a value is expected, not "}"',
        'error: standard input: document 1, line 1, item 2 of the list: SriovNetwork far: spec.networkNamespace may only be set in the operator namespace sriov-system, and this is team-a',
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
    const attachments = JSON.parse(stdout) as Attachment[];
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
    expect({ exitCode, count: (JSON.parse(stdout) as Attachment[]).length }).toEqual({ exitCode: 0, count: 2 });
    expect(stderr).toBe(
      'note: SriovNetwork sriov-system/net, OVSNetwork team-a/net become the same NetworkAttachmentDefinition team-a/net: only the one that is there first gets it; rename the rest\n',
    );
  });

  it('says so when there is no network', async () => {
    const ran = await runOn([policy('p', {})], 'render', '-o', 'json');
    expect(ran).toEqual({ exitCode: 0, stdout: '[]\n', stderr: 'note: there is no network in the input\n' });
  });
});
