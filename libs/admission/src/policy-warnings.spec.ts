import { describe, expect, it } from '@jest/globals';
import { nic } from '@sriov/testing/objects';
import { policyObject, state, storedPolicy, verdictOn } from './test/requests.ts';

const warningsOf = (spec: object, cluster: object = {}): readonly string[] =>
  verdictOn(policyObject(spec), { cluster }).warnings;

describe('what this version does not do', () => {
  const bridge = (ovs: object | undefined): object => ({ eSwitchMode: 'switchdev', bridge: { ovs } });

  it('is told of a bridge', () => {
    const sentence =
      'spec.bridge: bridges are made where the feature gate manageSoftwareBridges of the SriovOperatorConfig is on, and Open vSwitch runs on the node';
    expect(warningsOf(bridge({}))).toContain(sentence);
    expect(warningsOf(bridge(undefined))).not.toContain(sentence);
  });

  it('is told of RDMA on vDPA', () => {
    const sentence =
      'spec.isRdma true cannot be combined with spec.vdpaType virtio: the VFs are handed out without RDMA';
    const vdpa = { eSwitchMode: 'switchdev', vdpaType: 'virtio' };
    const nodeStates = [state('n1', [nic('ens2f0', '0000:3b:00.0', { vendor: '15b3', deviceID: '101d' })])];
    expect(warningsOf({ ...vdpa, isRdma: true }, { nodeStates })).toContain(sentence);
    expect(warningsOf({ ...vdpa, isRdma: false }, { nodeStates })).not.toContain(sentence);
    expect(warningsOf({ isRdma: true }, { nodeStates })).not.toContain(sentence);
  });
});

describe('VFs that another policy wants', () => {
  const wanted = /^VFs of the same PFs are wanted by/;
  const beside = (mine: object, theirs: object): readonly string[] =>
    warningsOf({ nicSelector: mine }, { policies: [storedPolicy('old', { nicSelector: theirs })] });

  it.each<[string, object, object]>([
    ['one of its two ranges', { pfNames: ['ens2f0#0-1', 'ens2f0#6-7'] }, { rootDevices: ['0000:3b:00.0'] }],
    ['the PF under its address', { pfNames: ['ens2f0#0-3'] }, { rootDevices: ['0000:3b:00.0'] }],
    ['all PFs of the vendor', { pfNames: ['ens2f1'] }, { vendor: '8086' }],
  ])('%s', (_, mine, theirs) => {
    expect(beside(mine, theirs)).toEqual([expect.stringMatching(wanted)]);
  });

  it('are told where one range of many is wanted twice', () => {
    const theirs = { rootDevices: ['0000:3b:00.0'], pfNames: ['left#2-2', 'left#8-9'] };
    const policies = [storedPolicy('old', { numVfs: 10, nicSelector: theirs })];
    const mine = { rootDevices: ['0000:3b:00.0'] };
    expect(warningsOf({ nicSelector: mine }, { policies })).toEqual([expect.stringMatching(wanted)]);
    expect(warningsOf({ nicSelector: mine, numVfs: 2 }, { policies })).toEqual([]);
  });

  it('are not those of other PFs', () => {
    expect(beside({ pfNames: ['ens2f0'] }, { rootDevices: ['0000:3b:00.1'] })).toEqual([]);
  });
});
