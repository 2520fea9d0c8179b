import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type HostPlan, type PfPlan } from '@sriov/node-plan';
import { type PlannedNode } from './plan-cluster.ts';
import { pluginEffect } from './plugin-effect.ts';

const PF = '0000:3b:00.0';
const GROUP = { resourceName: 'r', vfRange: '0-3' };
const ENTRY = { pciAddress: PF, numVfs: 4, vfGroups: [GROUP] };
const CONDITION = { status: 'True', reason: 'ResourcesOffered', message: '', lastTransitionTime: '' } as const;

const pf = (change: Partial<PfPlan>): PfPlan => ({
  pciAddress: PF,
  name: 'ens2f0',
  because: [],
  before: [],
  vfs: [],
  after: [],
  ...change,
});
const made = pf({ before: [{ kind: 'set-num-vfs', numVfs: 4 }] });
const slower = pf({ vfs: [{ id: 1, steps: [{ kind: 'set-vf-mtu', mtu: 1500 }] }] });
const hostOf = (...pfs: PfPlan[]): HostPlan => ({ modules: [], pfs, problems: [], taken: [], released: [] });

interface Change {
  readonly host?: HostPlan | undefined;
  readonly types?: readonly string[];
  readonly config?: readonly [string | undefined, string | undefined];
  readonly label?: 'Enabled' | 'Disabled' | undefined;
  readonly labelBefore?: string;
}

function nodeWith({ host = hostOf(), types = [], config = ['a', 'a'], ...labels }: Change): PlannedNode {
  const conditions = types.map((type) => ({ ...CONDITION, type }));
  const state: SriovNetworkNodeState = {
    metadata: { name: 'n1' },
    spec: { interfaces: [ENTRY] },
    status: { conditions },
  };
  const { label = 'Enabled', labelBefore } = labels;
  return {
    name: 'n1',
    before: { state, devicePluginConfig: config[0], devicePluginLabel: labelBefore },
    plan: {
      name: 'n1',
      spec: { interfaces: [ENTRY] },
      plannedFrom: undefined,
      devicePluginConfig: config[1],
      devicePluginLabel: 'label' in labels ? labels.label : label,
      problems: [],
      matches: new Map(),
      undecided: [],
      pool: undefined,
    },
    host,
    hold: undefined,
    changes: true,
  };
}

const WITHDRAWS = 'withdraws the VFs of ens2f0 (0000:3b:00.0) from pods until they have changed';
const LEARNS = 'takes over its new configuration without a restart';
const OWN = ['Ready', 'ResourcesOffered'];

describe('the device plugin of a node', () => {
  it.each<[string, Change, string | undefined]>([
    ["withdraws VFs that change, where it is the operator's", { host: hostOf(made), types: OWN }, WITHDRAWS],
    [
      'does so or is restarted, where it is not known which one it is',
      { host: hostOf(made), types: ['Ready'] },
      `the operator's ${WITHDRAWS}; the original one is restarted afterwards`,
    ],
    [
      'learns nothing of another MTU, if it is the original one',
      { host: hostOf(slower) },
      `the operator's ${WITHDRAWS}; the original one is left alone`,
    ],
    ["learns of its configuration, where it is the operator's", { config: ['a', 'b'], types: OWN }, LEARNS],
    [
      'does so or is restarted for its configuration, where it is not known which one it is',
      { config: ['a', 'b'] },
      `the operator's ${LEARNS}; the original one is restarted afterwards`,
    ],
    ['has nothing to do where nothing changes', {}, undefined],
    ['has nothing to do where its configuration stays', { config: ['a', undefined] }, undefined],
    ['is told nothing of a configuration that may be the same', { config: [undefined, 'b'] }, undefined],
    ['is not there where no resource is', { host: hostOf(made), label: 'Disabled' }, undefined],
    ['is not there where it never was', { host: hostOf(made), label: undefined }, undefined],
    ['stays where it is', { host: hostOf(made), types: OWN, label: undefined, labelBefore: 'Enabled' }, WITHDRAWS],
    ['may change on a node whose host is not known', { host: undefined, config: ['a', 'b'], types: OWN }, LEARNS],
  ])('%s', (_, change, expected) => expect(pluginEffect(nodeWith(change))).toBe(expected));

  it('is not known where a device is gone: the daemon finds that out with either', () => {
    const node = nodeWith({ config: ['a', 'b'] });
    const conditions = [{ ...CONDITION, type: 'ResourcesOffered', reason: 'DeviceGone' }];
    const state = { metadata: { name: 'n1' }, status: { conditions } };
    expect(pluginEffect({ ...node, before: { ...node.before, state } })).toMatch(/^the operator's /);
  });

  it('may change on a node that has reported nothing', () => {
    const node = { ...nodeWith({ config: ['a', 'b'] }), host: undefined };
    expect(pluginEffect({ ...node, before: { ...node.before, state: undefined } })).toBe(
      `the operator's ${LEARNS}; the original one is restarted afterwards`,
    );
  });
});
