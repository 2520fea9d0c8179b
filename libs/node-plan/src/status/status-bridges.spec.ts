import { describe, expect, it } from '@jest/globals';
import { type Bridges, type OvsBridge } from '@sriov/api';
import { type ObservedBridge, type ObservedPortInterface, type SoftwareBridges } from '@sriov/observed-host';
import { statusBridges } from './status-bridges.ts';

const NAME = 'br-0000_3b_00.0';
const wanted: OvsBridge = {
  name: NAME,
  bridge: { externalIDs: { a: '1' } },
  uplinks: [{ pciAddress: '0000:3b:00.0', name: 'ens1', interface: { options: { n_rxq: '2' } } }],
};

const portInterface = (change: Partial<ObservedPortInterface> = {}): ObservedPortInterface => ({
  ...{ name: 'ens1', type: 'dpdk', externalIDs: {}, otherConfig: {}, mtuRequest: 9000 },
  ...{ options: { n_rxq: '1', other: 'x' }, ...change },
});
const bridge = (interfaces = [portInterface()], name = NAME): ObservedBridge => ({
  ...{ name, datapathType: 'netdev', failMode: 'secure', otherConfig: {} },
  ...{ externalIDs: { a: '2', foreign: 'x' }, ports: [{ name: 'ens1', interfaces }] },
});
const seen = (...bridges: ObservedBridge[]): SoftwareBridges => ({ kind: 'seen', bridges });
const told = (...ovs: OvsBridge[]): Bridges => ({ ovs });

describe('the status', () => {
  it('has a bridge as Open vSwitch shows it, with the keys that are wanted', () => {
    expect(statusBridges(seen(bridge()), { wanted: told(wanted), before: undefined })).toEqual({
      ovs: [
        {
          name: NAME,
          bridge: { datapathType: 'netdev', failMode: 'secure', externalIDs: { a: '2' }, otherConfig: {} },
          uplinks: [
            {
              ...{ pciAddress: '0000:3b:00.0', name: 'ens1' },
              interface: { type: 'dpdk', options: { n_rxq: '1' }, externalIDs: {}, otherConfig: {}, mtuRequest: 9000 },
            },
          ],
        },
      ],
    });
  });

  it.each<[string, SoftwareBridges | undefined, Bridges | undefined, Bridges | undefined]>([
    ['is not there', seen(), told(wanted), undefined],
    ['nobody asks for', seen(bridge()), undefined, undefined],
    ['nobody looks at', undefined, told(wanted), undefined],
  ])('has no bridge that %s', (_, observed, spec, expected) => {
    expect(statusBridges(observed, { wanted: spec, before: undefined })).toEqual(expected);
  });

  it.each<[string, ObservedPortInterface[]]>([
    ['does not work', [portInterface({ error: 'no such device' })]],
    ['has another name', [portInterface({ name: 'ens2' })]],
  ])('has no uplink that %s', (_, interfaces) => {
    const status = statusBridges(seen(bridge(interfaces)), { wanted: told(wanted), before: undefined });
    expect(status?.ovs?.[0]?.uplinks).toEqual([]);
  });

  it('keeps a bridge that was wanted before as long as it is there', () => {
    const before = told({ ...wanted, name: 'br-z' });
    const status = statusBridges(seen(bridge(), bridge([], 'br-z')), { wanted: told(wanted), before });
    expect(status?.ovs?.map(({ name }) => name)).toEqual([NAME, 'br-z']);
  });

  it('keeps what it says while Open vSwitch cannot be asked', () => {
    const before = told(wanted);
    expect(statusBridges({ kind: 'unseen', cause: 'no' }, { wanted: undefined, before })).toEqual(before);
  });
});
