import { describe, expect, it } from '@jest/globals';
import { MAX_CNI_CONFIG_LENGTH } from '@sriov/api';
import { readObject } from '@sriov/testing';
import { type Network, renderAttachment } from './render.ts';

const settings = { operatorNamespace: 'sriov-system', resourcePrefix: 'openshift.io' };
const network = (kind: string, spec: object, metadata: object = {}): Network => ({
  kind,
  metadata: { name: 'net', namespace: 'sriov-system', ...metadata },
  spec: spec as NonNullable<Network['spec']>,
});
const render = (kind: string, spec: object, metadata: object = {}): ReturnType<typeof renderAttachment> =>
  renderAttachment(network(kind, spec, metadata), settings);
const configOf = (kind: string, spec: object): string => {
  const rendered = render(kind, { resourceName: 'r', ...spec });
  if (!rendered.ok) throw new Error(rendered.message);
  return rendered.attachment.spec?.config ?? '';
};
const membersOf = (kind: string, spec: object): unknown => JSON.parse(configOf(kind, spec)) as unknown;
const lines = (...text: string[]): string => text.join('\n');

describe('renderAttachment', () => {
  it('renders every field of a SriovNetwork, in order', () => {
    const rendered = render(
      'SriovNetwork',
      {
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
      },
      { name: 'blue-net' },
    );
    expect(rendered).toEqual({
      ok: true,
      attachment: {
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
        spec: {
          config: lines(
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
          ),
        },
      },
    });
  });

  it.each([
    [
      'SriovNetwork',
      lines(
        '{',
        '    "cniVersion": "1.0.0",',
        '    "name": "net",',
        '    "type": "sriov",',
        '    "vlan": 0,',
        '    "vlanQoS": 0,',
        '    "logLevel": "info",',
        '    "ipam": {}',
        '}',
      ),
    ],
    [
      'SriovIBNetwork',
      lines('{', '    "cniVersion": "1.0.0",', '    "name": "net",', '    "type": "ib-sriov",', '    "ipam": {}', '}'),
    ],
    [
      'OVSNetwork',
      lines('{', '    "cniVersion": "1.0.0",', '    "name": "net",', '    "type": "ovs",', '    "ipam": {}', '}'),
    ],
  ])('renders the least %s', (kind, config) => {
    expect(configOf(kind, {})).toBe(config);
  });

  it('renders the fields of an OVSNetwork, in order', () => {
    const spec = {
      vlan: 100,
      mtu: 1500,
      trunk: [{ id: 120 }, { maxID: 550, minID: 500 }],
      bridge: 'br1',
      interfaceType: 'netdev',
    };
    const config = configOf('OVSNetwork', spec);
    expect(Object.keys(readObject(config))).toEqual([
      'cniVersion',
      'name',
      'type',
      'bridge',
      'vlan',
      'mtu',
      'trunk',
      'interface_type',
      'ipam',
    ]);
    expect(config.replace(/\s/g, '')).toContain('"trunk":[{"id":120},{"minID":500,"maxID":550}]');
  });

  it('puts pkey between capabilities and link_state', () => {
    const spec = { pKey: '0x8001', capabilities: '{"infinibandGUID":true}', linkState: 'enable' };
    expect(Object.keys(membersOf('SriovIBNetwork', spec) as object)).toEqual([
      'cniVersion',
      'name',
      'type',
      'capabilities',
      'pkey',
      'link_state',
      'ipam',
    ]);
    expect(membersOf('SriovIBNetwork', spec)).toMatchObject({ pkey: '0x8001' });
  });

  it.each([
    ['leaves out a rate that is absent', {}, {}],
    ['says a rate of 0', { minTxRate: 0 }, { min_tx_rate: 0 }],
  ])('%s', (_, spec, members) => {
    const { min_tx_rate } = membersOf('SriovNetwork', spec) as { min_tx_rate?: number };
    expect(min_tx_rate === undefined ? {} : { min_tx_rate }).toEqual(members);
  });

  it.each([
    ['says no log level that is empty', { logLevel: '' }, 'logLevel'],
    ['says no empty spoofChk', {}, 'spoofchk'],
  ])('%s', (_, spec, absent) => {
    expect(membersOf('SriovNetwork', spec)).not.toHaveProperty(absent);
  });

  it('keeps the blanks within the strings of ipam', () => {
    expect(membersOf('SriovNetwork', { ipam: '{ "type" : "a  b" }' })).toMatchObject({ ipam: { type: 'a  b' } });
  });

  it('chains several plugins', () => {
    const { plugins } = membersOf('SriovNetwork', { metaPlugins: '{"type":"a"},\n{"type":"b"}' }) as {
      plugins: { type: string }[];
    };
    expect(plugins.map(({ type }) => type)).toEqual(['sriov', 'a', 'b']);
  });

  it('escapes what the user named', () => {
    expect(membersOf('OVSNetwork', { bridge: 'a"b\\c\'---' })).toMatchObject({ bridge: 'a"b\\c\'---' });
  });

  it.each([
    [
      'ipam that is not JSON',
      { ipam: '{"type": static}' },
      'spec.ipam is not valid JSON: line 1, column 10: a value is expected, not "static}"',
    ],
    ['ipam that is no object', { ipam: '"dhcp"' }, 'spec.ipam must be a JSON object, such as {"type": "static"}'],
    [
      'capabilities that are no object',
      { capabilities: '[]' },
      'spec.capabilities must be a JSON object, such as {"mac": true}',
    ],
    [
      'metaPlugins in brackets',
      { metaPlugins: '[{}]' },
      'spec.metaPlugins must be JSON objects separated by commas, without brackets',
    ],
    [
      'metaPlugins with a comma at the end',
      { metaPlugins: '{},' },
      'spec.metaPlugins is not valid JSON: line 1, column 4: a value is expected, not the end',
    ],
    ['a vlan out of range', { vlan: 5000 }, 'spec.vlan 5000: must be 0 to 4094'],
    ['a missing resourceName', { resourceName: undefined }, 'spec.resourceName is required'],
  ])('refuses %s', (_, spec, message) => {
    expect(render('SriovNetwork', { resourceName: 'r', ...spec })).toEqual({
      ok: false,
      reason: 'NetworkAttachmentDefinitionInvalid',
      message,
    });
  });

  it.each([
    ['ipam', `{"a": ${'9'.repeat(1_000_000)}`],
    ['capabilities', `{"a": ${'9'.repeat(5_000)}`],
    ['metaPlugins', `{"a": ${'9'.repeat(40_000)}`],
  ])('refuses %s that is too long without reading it: that it is no JSON is not said', (field, source) => {
    const rendered = render('SriovNetwork', { resourceName: 'r', [field]: source });
    expect(rendered).toMatchObject({
      ok: false,
      message: expect.stringMatching(`^spec\\.${field} .*must have at most \\d+ characters`),
    });
    expect(rendered.ok || rendered.message.length).toBeLessThan(200);
  });

  it('prints what is nested deep without blanks where they would multiply its length', () => {
    const deep = `{"a":${'['.repeat(60)}${'1,'.repeat(16_000)}1${']'.repeat(60)}}`;
    const config = configOf('SriovNetwork', { resourceName: 'r', ipam: deep, metaPlugins: deep });
    expect(config.length).toBeLessThan(MAX_CNI_CONFIG_LENGTH);
    expect(config).toContain(`"ipam":${deep}`);
  });

  it.each<[string, object]>([
    ['SriovNetwork', { logFile: '\u0001'.repeat(4_096) }],
    ['SriovIBNetwork', { pKey: '\u0001'.repeat(253) }],
    [
      'OVSNetwork',
      {
        bridge: '\u0001'.repeat(253),
        interfaceType: '\u0001'.repeat(253),
        trunk: Array(4_096).fill({ minID: 1_000, maxID: 2_000 }),
      },
    ],
  ])('has room for the largest %s that the API server lets in', (kind, spec) => {
    const json = `{"a":"${'x'.repeat(32_760)}"}`;
    const capabilities = `{"a":"${'x'.repeat(4_088)}"}`;
    const rendered = render(kind, { resourceName: 'r', ipam: json, metaPlugins: json, capabilities, ...spec });
    expect(rendered).toMatchObject({ ok: true });
  });

  it.each(['constructor', 'toString', '__proto__'])('makes nothing of a kind %s', (kind) => {
    expect(render(kind, { resourceName: 'r' })).toMatchObject({ ok: false, message: `${kind} is no kind of network` });
  });

  it('refuses networkNamespace outside the operator namespace', () => {
    expect(render('SriovNetwork', { resourceName: 'r', networkNamespace: 'x' }, { namespace: 'team-a' })).toMatchObject(
      {
        ok: false,
        message:
          'spec.networkNamespace "x" may only be set in the operator namespace sriov-system, and this is team-a: remove it, or create the network there',
      },
    );
  });

  it('makes the CR the owner of an object in its own namespace', () => {
    expect(render('OVSNetwork', { resourceName: 'r' }, { namespace: 'team-a', uid: 'u1' })).toMatchObject({
      attachment: {
        metadata: {
          namespace: 'team-a',
          annotations: { 'sriovnetwork.openshift.io/owner-ref': 'OVSNetwork.sriovnetwork.openshift.io/team-a/net' },
          ownerReferences: [{ apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'OVSNetwork', name: 'net', uid: 'u1' }],
        },
      },
    });
  });
});
