import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type OvsBridge } from '@sriov/api';
import { TestOvs } from '@sriov/testing/ovs';
import { HostKernel } from '../kernel/host-kernel.ts';
import { OVS_SOCKET } from '../kernel/ovs-sockets.ts';
import { changeBridge, makeBridge, removeBridge } from './ovs.ts';
import { readBridges } from './ovs-bridge-table.ts';
import { findUndoneChange } from './ovs-changes.ts';

jest.setTimeout(120_000);

const NAME = 'br-0000_3b_00.0';
const UPLINK = 'ens2f0';
/** As `ovs-vsctl get` prints it. */
const MARK = '"sriovnetwork.openshift.io/made-by"=sriov-network-config-daemon';

/** A bridge as the policy controller wants it. */
function bridge(settings: OvsBridge['bridge'] = {}, uplink: object = {}): OvsBridge {
  return { name: NAME, bridge: settings, uplinks: [{ pciAddress: '0000:3b:00.0', name: UPLINK, interface: uplink }] };
}

let ovs: TestOvs;
let kernel: HostKernel;
beforeAll(async () => {
  ovs = await TestOvs.start();
  kernel = new HostKernel({ hostRoot: ovs.root });
});
afterAll(() => ovs.close());
beforeEach(async () => {
  for (const name of (await ovs.vsctl('list-br')).split('\n').filter(Boolean)) await ovs.vsctl('del-br', name);
});

const get = (...args: string[]): Promise<string> => ovs.vsctl('get', ...args);
const portsOf = async (name: string): Promise<string[]> =>
  (await ovs.vsctl('list-ports', name)).split('\n').filter(Boolean);

/** A kernel on which somebody runs `ovs-vsctl` between the look at the database and the change. */
function afterFirstLook(...words: string[]): HostKernel {
  let looks = 0;
  return Object.assign(Object.create(kernel) as HostKernel, {
    callJson: async (...args: Parameters<HostKernel['callJson']>) => {
      const result = await kernel.callJson(...args);
      if ((looks += 1) === 1) await ovs.vsctl(...words);
      return result;
    },
  });
}

describe('a bridge is made', () => {
  it('with its settings and its uplink, and ovs-vswitchd has taken both up', async () => {
    const settings = {
      datapathType: 'netdev',
      failMode: 'secure',
      externalIDs: { a: '1' },
      otherConfig: { b: '2' },
    } as const;
    const uplink = {
      type: 'dummy',
      options: { n_rxq: '2' },
      externalIDs: { c: '3' },
      otherConfig: { d: '4' },
      mtuRequest: 9000,
    };
    await makeBridge(kernel, { bridge: bridge(settings, uplink), uplink: UPLINK });
    expect(await portsOf(NAME)).toEqual([UPLINK]);
    expect(await get('Interface', NAME, 'type')).toBe('internal');
    expect(await get('Bridge', NAME, 'datapath_type', 'fail_mode', 'external_ids', 'other_config')).toBe(
      ['netdev', 'secure', `{a="1", ${MARK}}`, '{b="2"}'].join('\n'),
    );
    expect(await get('Interface', UPLINK, 'type', 'options', 'external_ids', 'other_config', 'mtu_request')).toBe(
      ['dummy', '{n_rxq="2"}', '{c="3"}', '{d="4"}', '9000'].join('\n'),
    );
    const [seen] = await readBridges(kernel);
    expect(seen).toEqual({
      ...{ name: NAME, ...settings, isMarked: true },
      ports: [
        { name: NAME, interfaces: [expect.objectContaining({ name: NAME, type: 'internal' })] },
        { name: UPLINK, interfaces: [expect.objectContaining({ name: UPLINK, ...uplink })] },
      ],
    });
    expect(seen?.ports[1]?.interfaces[0]?.ofport).toBeGreaterThan(0);
  });

  it('without settings, as ovs-vsctl makes one but for the mark', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    expect(await get('Bridge', NAME, 'datapath_type', 'fail_mode', 'external_ids')).toBe(
      ['""', '[]', `{${MARK}}`].join('\n'),
    );
    expect(await get('Interface', UPLINK, 'type', 'mtu_request')).toBe(['""', '[]'].join('\n'));
  });

  it('not at all where its uplink is part of another one, or there is one of the name', async () => {
    await ovs.vsctl('add-br', 'br-ex', '--', 'add-port', 'br-ex', UPLINK);
    await expect(makeBridge(kernel, { bridge: bridge(), uplink: UPLINK })).rejects.toMatchObject({
      error: 'constraint violation',
    });
    expect(await ovs.vsctl('list-br')).toBe('br-ex');
    await ovs.vsctl('del-port', UPLINK);
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    await expect(makeBridge(kernel, { bridge: bridge(), uplink: 'ens3' })).rejects.toThrow(/constraint violation/);
  });
});

describe('a bridge is changed in place', () => {
  it('where it differs, and keeps the keys of others', async () => {
    const before = bridge(
      { failMode: 'secure', externalIDs: { a: '1', b: '2' } },
      { options: { x: '1' }, mtuRequest: 9000 },
    );
    await makeBridge(kernel, { bridge: before, uplink: UPLINK });
    await ovs.vsctl(
      'set',
      'Bridge',
      NAME,
      'external_ids:foreign=1',
      '--',
      'set',
      'Interface',
      UPLINK,
      'options:foreign=1',
    );
    const reference = await get('Bridge', NAME, '_uuid');
    const wanted = bridge(
      { datapathType: 'netdev', externalIDs: { b: '3' }, otherConfig: { c: '4' } },
      { options: { y: '2' } },
    );
    await changeBridge(kernel, { bridge: wanted, uplink: UPLINK, before });
    expect(await get('Bridge', NAME, '_uuid')).toBe(reference);
    expect(await get('Bridge', NAME, 'datapath_type', 'fail_mode', 'external_ids', 'other_config')).toBe(
      ['netdev', '[]', `{b="3", foreign="1", ${MARK}}`, '{c="4"}'].join('\n'),
    );
    expect(await get('Interface', UPLINK, 'options', 'mtu_request')).toBe(['{foreign="1", y="2"}', '[]'].join('\n'));
  });

  it('where its uplink or its own interface has gone, or the PF has another name', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    await ovs.vsctl(
      'del-port',
      UPLINK,
      '--',
      '--id=@own',
      'get',
      'Port',
      NAME,
      '--',
      'remove',
      'Bridge',
      NAME,
      'ports',
      '@own',
    );
    await changeBridge(kernel, { bridge: bridge(), uplink: UPLINK, before: bridge() });
    expect([await portsOf(NAME), await get('Interface', NAME, 'type')]).toEqual([[UPLINK], 'internal']);
    await changeBridge(kernel, { bridge: bridge(), uplink: 'ens2f0np0', before: bridge() });
    expect(await portsOf(NAME)).toEqual(['ens2f0np0']);
  });

  it('without a word about settings that no policy has asked for', async () => {
    const before = bridge({ externalIDs: { a: '1' } });
    await makeBridge(kernel, { bridge: before, uplink: UPLINK });
    const ofBridge = ['set', 'Bridge', NAME, 'datapath_type=netdev', 'fail_mode=secure'];
    await ovs.vsctl(...ofBridge, '--', 'set', 'Interface', UPLINK, 'type=dummy', 'mtu_request=9000');
    await changeBridge(kernel, { bridge: bridge({ externalIDs: { a: '2' } }), uplink: UPLINK, before });
    expect(await get('Bridge', NAME, 'datapath_type', 'fail_mode', 'external_ids')).toBe(
      ['netdev', 'secure', `{a="2", ${MARK}}`].join('\n'),
    );
    expect(await get('Interface', UPLINK, 'type', 'mtu_request')).toBe(['dummy', '9000'].join('\n'));
  });

  it('not where that interrupts a port that has come since somebody looked', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    await ovs.vsctl('add-port', NAME, 'ens2f0_3');
    const work = { bridge: bridge({ datapathType: 'netdev' }), uplink: UPLINK, before: bridge() };
    await expect(changeBridge(kernel, { ...work, ports: [NAME, UPLINK] })).rejects.toThrow(/has got the port ens2f0_3/);
    expect(await get('Bridge', NAME, 'datapath_type')).toBe('""');
  });

  it('not where it has got another port in the middle', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    const work = { bridge: bridge({ failMode: 'secure' }), uplink: UPLINK, before: bridge() };
    await expect(changeBridge(afterFirstLook('del-port', UPLINK), work)).rejects.toThrow(
      'Open vSwitch refuses the transaction: timed out (the bridge has got or lost a port since it was looked at)',
    );
    expect(await get('Bridge', NAME, 'fail_mode')).toBe('[]');
  });

  it('not where it has gone', async () => {
    const work = { bridge: bridge(), uplink: UPLINK, before: bridge() };
    await expect(changeBridge(kernel, work)).rejects.toThrow(`the bridge ${NAME} is gone`);
  });
});

describe('a bridge is removed', () => {
  const KNOWN = [NAME, UPLINK];

  it('with the ports that are known, once', async () => {
    await ovs.vsctl('add-br', 'br-ex', '--', 'add-port', 'br-ex', 'ens9');
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    await removeBridge(kernel, NAME, KNOWN);
    expect(await ovs.vsctl('list-br')).toBe('br-ex');
    expect(await ovs.vsctl('--columns=name', '--format=csv', '--no-headings', 'list', 'Interface')).not.toContain(
      UPLINK,
    );
    await removeBridge(kernel, NAME, KNOWN);
    expect(await portsOf('br-ex')).toEqual(['ens9']);
  });

  it('not while it has another port', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    await ovs.vsctl('add-port', NAME, 'ens2f0_3');
    await expect(removeBridge(kernel, NAME, KNOWN)).rejects.toThrow(/has got the port ens2f0_3/);
    expect(await portsOf(NAME)).toEqual([UPLINK, 'ens2f0_3']);
  });

  it('not where a port came after somebody had looked', async () => {
    await makeBridge(kernel, { bridge: bridge(), uplink: UPLINK });
    const late = afterFirstLook('add-port', NAME, 'ens2f0_3');
    await expect(removeBridge(late, NAME, KNOWN)).rejects.toMatchObject({ error: 'timed out' });
    expect(await portsOf(NAME)).toEqual([UPLINK, 'ens2f0_3']);
  });
});

describe('Open vSwitch', () => {
  it('has not carried out a change as long as ovs-vswitchd has not', async () => {
    const isWait = (params: readonly unknown[]): boolean => JSON.stringify(params).includes('"cur_cfg","<"');
    const alone = Object.assign(Object.create(kernel) as HostKernel, {
      callJson: (...[method, params, options]: Parameters<HostKernel['callJson']>) =>
        isWait(params) ? Promise.resolve([{ error: 'timed out' }]) : kernel.callJson(method, params, options),
    });
    const making = makeBridge(alone, { bridge: bridge(), uplink: UPLINK });
    await expect(making).rejects.toThrow(/is in the database.*ovs-vswitchd has not carried it out after 10 s/);
    expect(await portsOf(NAME)).toEqual([UPLINK]);
  });

  it('has not carried out a change that was made while ovs-vswitchd does not run, and has as soon as it does', async () => {
    await ovs.stopSwitch();
    await kernel.callJson({ socket: OVS_SOCKET, method: 'transact' }, [
      'Open_vSwitch',
      { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] },
    ]);
    expect(await findUndoneChange(kernel)).toMatch(/^the change \d+ of the database \(next_cfg\) is not carried out/);
    await ovs.startSwitch();
    expect(await findUndoneChange(kernel)).toBeUndefined();
  });

  it('says that ovs-vswitchd cannot use an uplink', async () => {
    await makeBridge(kernel, { bridge: bridge({}, { type: 'unheard-of' }), uplink: UPLINK });
    const [seen] = await readBridges(kernel);
    const uplink = seen?.ports.find(({ name }) => name === UPLINK)?.interfaces[0];
    expect(uplink).toMatchObject({ error: expect.stringMatching(/\w/), ofport: -1 });
  });

  it('is not there without its server, and is there again with it', async () => {
    await ovs.stopServer();
    await expect(readBridges(kernel)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(readBridges(new HostKernel({ hostRoot: '/nowhere' }))).rejects.toMatchObject({ code: 'ENOENT' });
    await ovs.startServer();
    expect(await readBridges(kernel)).toEqual([]);
  });
});
