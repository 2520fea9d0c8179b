import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, type SriovNetworkNodeState } from '@sriov/api';
import { policy } from '@sriov/testing/objects';
import { type NodePresent, nodeWrites, unmanagedWrites } from './node-writes.ts';
import { type NodeStatePlan } from './node-state-plan.ts';
import { planNodeState } from './plan-node-state.ts';
import { fleet, plan } from './test/plans.ts';

const planned = plan([policy('p', { nicSelector: { pfNames: ['ens2f0'] } })]);
const hash = (text: string): string => `hash of ${text.length}`;
const HASH = hash(planned.devicePluginConfig);
/** The configuration, and its hash, as annotations. */
const CONFIG = {
  [ANNOTATION.devicePluginConfigHash]: HASH,
  [ANNOTATION.devicePluginConfig]: planned.devicePluginConfig,
};
const stateOf = (wanted: NodeStatePlan, annotations: Record<string, string> = {}): SriovNetworkNodeState => ({
  metadata: {
    name: 'n1',
    annotations: {
      ...CONFIG,
      [ANNOTATION.plannedFrom]: '0000:3b:00.0,0000:3b:00.1',
      ...annotations,
    },
  },
  spec: wanted.spec,
});
const inPlace: NodePresent = {
  state: stateOf(planned),
  isOwned: true,
  devicePlugin: {
    home: 'device-plugin-config',
    texts: new Map([['device-plugin-config', planned.devicePluginConfig]]),
  },
  devicePluginLabel: 'Enabled',
  exists: true,
};
const texts = (...entries: [string, string][]): NodePresent['devicePlugin'] => ({
  home: 'device-plugin-config',
  texts: new Map(entries),
});

const untold = (reason: string): SriovNetworkNodeState['status'] => ({
  syncStatus: 'Failed',
  conditions: [{ type: 'Ready', status: 'False', reason, message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
});

describe('nodeWrites', () => {
  it('writes nothing when all is in place', () => {
    expect(nodeWrites(planned, inPlace, hash)).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['a version that did not say so wrote the spec', {}],
    ['a PF was reported since', { [ANNOTATION.plannedFrom]: '0000:3b:00.0' }],
  ])('says from which PFs the spec was planned when %s', (_, annotations) => {
    const { metadata, ...rest } = stateOf(planned);
    const own = { ...CONFIG, ...annotations };
    const state = { ...rest, metadata: { ...metadata, annotations: own } };
    expect(nodeWrites(planned, { ...inPlace, state }, hash)).toEqual([
      { kind: 'update-state', annotations: { [ANNOTATION.plannedFrom]: '0000:3b:00.0,0000:3b:00.1' } },
    ]);
  });

  describe('for a node that has not reported its PFs', () => {
    const policies = [policy('p', { nicSelector: { pfNames: ['ens2f0'] } })];
    const facts = { name: 'n1', labels: { [LABEL.devicePlugin]: 'Enabled' }, devicePluginConfig: 'as it stands' };
    const unplanned = (state: SriovNetworkNodeState | undefined): NodeStatePlan =>
      planNodeState(fleet(policies), { ...facts, state });

    it('makes a node state that says nothing, and leaves configuration and label of the device plugin', () => {
      const annotations = { [ANNOTATION.desiredState]: 'Idle', [ANNOTATION.currentState]: 'Idle' };
      expect(nodeWrites(unplanned(undefined), { ...inPlace, state: undefined, isOwned: false }, hash)).toEqual([
        { kind: 'create-state', spec: {}, annotations },
      ]);
    });

    it('moves its configuration to where it belongs, as it stands', () => {
      const present = { ...inPlace, state: stateOf(planned), devicePlugin: texts(['device-plugin-config-3', 'old']) };
      expect(nodeWrites(unplanned(stateOf(planned)), present, hash)).toEqual([
        { kind: 'device-plugin-config', configMap: 'device-plugin-config', text: 'old' },
        { kind: 'device-plugin-config', configMap: 'device-plugin-config-3', text: undefined },
      ]);
    });

    it.each<[string, SriovNetworkNodeState['status']]>([
      ['is empty', undefined],
      ['is that of a daemon that could not look at its host', untold('HostUnreadable')],
      ['is that of a daemon whose look has not come back from the kernel', untold('BlockedInKernel')],
      ['is that of a daemon whose report the API server refused as too large', untold('NodeStateTooLarge')],
    ])('changes nothing of the one that stands when its status %s', (_, status) => {
      const state = { ...stateOf(planned), ...(status && { status }) };
      expect(nodeWrites(unplanned(state), { ...inPlace, state }, hash)).toEqual([]);
      expect(unplanned(state).undecided).toEqual(['p']);
    });
  });

  it('writes everything for a new node, the configuration before the state', () => {
    const present = {
      ...inPlace,
      state: undefined,
      isOwned: false,
      devicePlugin: texts(),
      devicePluginLabel: undefined,
    };
    expect(nodeWrites(planned, present, hash)).toEqual([
      { kind: 'device-plugin-config', configMap: 'device-plugin-config', text: planned.devicePluginConfig },
      { kind: 'device-plugin-label', value: 'Enabled' },
      {
        kind: 'create-state',
        spec: planned.spec,
        annotations: {
          [ANNOTATION.desiredState]: 'Idle',
          [ANNOTATION.currentState]: 'Idle',
          ...CONFIG,
          [ANNOTATION.plannedFrom]: '0000:3b:00.0,0000:3b:00.1',
        },
      },
    ]);
  });

  it.each<[string, Partial<NodePresent>, object[]]>([
    [
      'the configuration alone changed: the hash goes with it, and the spec stays',
      {
        devicePlugin: texts(['device-plugin-config', '{"resourceList":null}']),
        state: stateOf(planned, {
          [ANNOTATION.devicePluginConfigHash]: 'before',
          [ANNOTATION.devicePluginConfig]: 'hash of the text before',
        }),
      },
      [
        { kind: 'device-plugin-config', configMap: 'device-plugin-config', text: planned.devicePluginConfig },
        { kind: 'update-state', annotations: CONFIG },
      ],
    ],
    [
      'the spec alone changed: the hash stays, and with it the device plugin runs on',
      { state: { ...stateOf(planned), spec: { interfaces: [] } } },
      [{ kind: 'update-state', spec: planned.spec }],
    ],
    [
      'the node came back before its time, and its spec is another one: one write',
      { state: { ...stateOf(planned, { [ANNOTATION.keepStateUntil]: '2026-01-01T00:00:00Z' }), spec: {} } },
      [{ kind: 'update-state', spec: planned.spec, annotations: { [ANNOTATION.keepStateUntil]: null } }],
    ],
    ['the state lost its owner', { isOwned: false }, [{ kind: 'update-state', owner: true }]],
    [
      'the label is another one',
      { devicePluginLabel: 'Disabled' },
      [{ kind: 'device-plugin-label', value: 'Enabled' }],
    ],
    [
      'the key stands in another shard: it is set where it belongs before it goes from there',
      { devicePlugin: texts(['device-plugin-config-3', planned.devicePluginConfig]) },
      [
        { kind: 'device-plugin-config', configMap: 'device-plugin-config', text: planned.devicePluginConfig },
        { kind: 'device-plugin-config', configMap: 'device-plugin-config-3', text: undefined },
      ],
    ],
  ])('%s', (_, change, writes) => {
    expect(nodeWrites(planned, { ...inPlace, ...change }, hash)).toEqual(writes);
  });

  describe('the configuration on the node state', () => {
    const writesFor = (present: string | undefined, text = planned.devicePluginConfig): object[] => {
      const { [ANNOTATION.devicePluginConfig]: _, ...others } = stateOf(planned).metadata.annotations ?? {};
      const annotations = { ...others, ...(present !== undefined && { [ANNOTATION.devicePluginConfig]: present }) };
      const state = { ...stateOf(planned), metadata: { name: 'n1', annotations } };
      const devicePlugin = texts(['device-plugin-config', text]);
      return nodeWrites({ ...planned, devicePluginConfig: text }, { ...inPlace, state, devicePlugin }, hash);
    };
    const tooLong = 'x'.repeat(128 * 1024 + 1);
    const update = (annotations: object): object => ({ kind: 'update-state', annotations });

    it.each<[string, string | undefined, string, object[]]>([
      ['is not written where its hash shows that it is there', HASH, planned.devicePluginConfig, []],
      [
        'is written where an earlier version wrote the hash alone',
        undefined,
        planned.devicePluginConfig,
        [update({ [ANNOTATION.devicePluginConfig]: planned.devicePluginConfig })],
      ],
      [
        'is written as long as it fits',
        HASH,
        tooLong.slice(1),
        [
          update({
            [ANNOTATION.devicePluginConfigHash]: hash(tooLong.slice(1)),
            [ANNOTATION.devicePluginConfig]: tooLong.slice(1),
          }),
        ],
      ],
      [
        'goes when it has become too long, and the hash changes',
        HASH,
        tooLong,
        [update({ [ANNOTATION.devicePluginConfigHash]: hash(tooLong), [ANNOTATION.devicePluginConfig]: null })],
      ],
      [
        'is measured in bytes',
        HASH,
        'ü'.repeat(64 * 1024 + 1),
        [
          update({
            [ANNOTATION.devicePluginConfigHash]: hash('ü'.repeat(64 * 1024 + 1)),
            [ANNOTATION.devicePluginConfig]: null,
          }),
        ],
      ],
    ])('%s', (_, present, text, writes) => {
      expect(writesFor(present, text)).toEqual(writes);
    });

    it('is left out of a new node state when it is too long', () => {
      const plan = { ...planned, devicePluginConfig: tooLong };
      const [, create] = nodeWrites(plan, { ...inPlace, state: undefined }, hash);
      expect(create).toMatchObject({ kind: 'create-state' });
      expect(create).not.toHaveProperty(['annotations', ANNOTATION.devicePluginConfig]);
    });
  });
});

describe('unmanagedWrites', () => {
  const NOW = Date.parse('2026-05-01T12:00:00Z');
  const time = { now: NOW, keepMs: 30 * 60_000 };
  const gone = [
    { kind: 'device-plugin-config', configMap: 'device-plugin-config', text: undefined },
    { kind: 'device-plugin-label', value: undefined },
  ];
  const bare = { ...inPlace, devicePlugin: texts(), devicePluginLabel: undefined };
  const announced = (until: string): NodePresent => ({
    ...bare,
    state: stateOf(planned, { [ANNOTATION.keepStateUntil]: until }),
  });

  it('takes configuration and label away at once, and announces when the state goes', () => {
    expect(unmanagedWrites(inPlace, time)).toEqual({
      writes: [...gone, { kind: 'update-state', annotations: { [ANNOTATION.keepStateUntil]: '2026-05-01T12:30:00Z' } }],
      lookAgainMs: 30 * 60_000,
    });
  });

  it('waits for the announced time, and no longer', () => {
    expect(unmanagedWrites(announced('2026-05-01T12:10:00Z'), time)).toEqual({ writes: [], lookAgainMs: 600_000 });
    expect(unmanagedWrites(announced('2026-05-01T12:00:00Z'), time)).toEqual({ writes: [{ kind: 'delete-state' }] });
  });

  it('announces again when nobody can read the time', () => {
    expect(unmanagedWrites(announced('tomorrow'), time).lookAgainMs).toBe(30 * 60_000);
  });

  it('removes the state at once when told not to keep it', () => {
    expect(unmanagedWrites(bare, { ...time, keepMs: 0 }).writes).toEqual([{ kind: 'delete-state' }]);
  });

  it('does not label a node that is gone', () => {
    expect(unmanagedWrites({ ...bare, exists: false, devicePluginLabel: 'Enabled', state: undefined }, time)).toEqual({
      writes: [],
    });
  });
});
