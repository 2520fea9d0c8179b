import { describe, expect, it } from '@jest/globals';
import { LABEL, type OwnerReference } from '@sriov/api';
import { Expectations } from '@sriov/controller';
import { type NodeWrite } from '@sriov/policy';
import { refusal } from '@sriov/testing';
import pLimit from 'p-limit';
import { apply, type WritePorts } from './apply.ts';
import { type ConfigMapWriter, type KeyChange } from './config-map/config-map-writer.ts';
import { type GatheredNode, WRITTEN } from './gather.ts';
import {
  createOfflineParts,
  NAMESPACE,
  type OfflineParts,
  operatorConfigOf,
  stateOf,
} from './test/offline-controllers.ts';

interface Rig extends OfflineParts {
  readonly expectations: Expectations;
  /** What the writer of ConfigMaps was asked for. */
  readonly keys: KeyChange[];
  readonly settled: [string, string[]][];
  readonly apply: (writes: NodeWrite[], rest?: Partial<GatheredNode>) => Promise<void>;
}

const owner = {
  apiVersion: 'sriovnetwork.openshift.io/v1',
  kind: 'SriovOperatorConfig',
  name: 'default',
  uid: 'config-uid',
  controller: true,
  blockOwnerDeletion: true,
};

function create(owners: OwnerReference[] = []): Rig {
  const parts = createOfflineParts();
  const expectations = new Expectations(parts.clock);
  const keys: KeyChange[] = [];
  const settled: [string, string[]][] = [];
  const configMaps = {
    settle: (node: string, wanted: ReadonlySet<string>) => settled.push([node, [...wanted]]),
    set(change: KeyChange) {
      keys.push(change);
      return Promise.resolve('77');
    },
  } as unknown as ConfigMapWriter;
  const ports: WritePorts = { ...parts, configMaps, expectations, writeLimit: pLimit(1) };
  const gathered = {
    operatorConfig: operatorConfigOf(),
    facts: { name: 'n1' },
    present: {
      state: stateOf('n1', {
        metadata: { name: 'n1', uid: 'state-uid', resourceVersion: '41', ownerReferences: owners },
      }),
    },
    nodeVersion: '42',
    configMapVersions: new Map([['device-plugin-config', '43']]),
  } as unknown as GatheredNode;
  return {
    ...parts,
    expectations,
    keys,
    settled,
    apply: (writes, rest) => apply(ports, { ...gathered, ...rest }, writes),
  };
}

const STATES = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}/sriovnetworknodestates`;
const isUnmet = ({ expectations }: Rig, object: string, version: string): boolean =>
  expectations.isUnmet('n1', (each) => (each === object ? version : '9999'));

describe('apply', () => {
  it('makes a node state that the SriovOperatorConfig owns', async () => {
    const rig = create();
    await rig.apply([{ kind: 'create-state', spec: { interfaces: [] }, annotations: { a: 'b' } }]);
    expect(rig.connection.writes).toMatchObject([
      {
        method: 'POST',
        path: STATES,
        body: {
          metadata: { name: 'n1', namespace: NAMESPACE, ownerReferences: [owner], annotations: { a: 'b' } },
          spec: { interfaces: [] },
        },
      },
    ]);
    expect([isUnmet(rig, WRITTEN.state, '1000'), isUnmet(rig, WRITTEN.state, '1001')]).toEqual([true, false]);
  });

  it('replaces the spec of the version that it was planned from, and names what is gone', async () => {
    const rig = create();
    await rig.apply([{ kind: 'update-state', spec: { system: { rdmaMode: 'shared' } }, annotations: { a: 'b' } }]);
    expect(rig.connection.writes).toEqual([
      {
        method: 'PATCH',
        path: `${STATES}/n1`,
        query: { fieldManager: 'policy-controller' },
        body: {
          metadata: { resourceVersion: '41', annotations: { a: 'b' } },
          spec: { interfaces: null, bridges: null, system: { rdmaMode: 'shared' } },
        },
      },
    ]);
    expect([isUnmet(rig, WRITTEN.state, '1000'), isUnmet(rig, WRITTEN.state, '1001')]).toEqual([true, false]);
  });

  it('patches of a node state only what the write names', async () => {
    const rig = create();
    await rig.apply([{ kind: 'update-state' }]);
    expect(rig.connection.writes[0]?.body).toEqual({ metadata: { resourceVersion: '41' } });
  });

  it('adds the missing owner to the others, in place of an earlier SriovOperatorConfig or controller', async () => {
    const theirs = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'n' };
    const earlier = { ...owner, uid: 'earlier', controller: false };
    const controller = { ...theirs, kind: 'Other', controller: true };
    const rig = create([theirs, earlier, controller]);
    await rig.apply([{ kind: 'update-state', owner: true }]);
    expect(rig.connection.writes[0]?.body).toEqual({
      metadata: { resourceVersion: '41', ownerReferences: [theirs, owner] },
    });
  });

  it('deletes the node state that it planned for and no other', async () => {
    const rig = create();
    await rig.apply([{ kind: 'delete-state' }]);
    expect(rig.connection.writes).toMatchObject([
      {
        method: 'DELETE',
        path: `${STATES}/n1`,
        body: { preconditions: { uid: 'state-uid', resourceVersion: '41' } },
      },
    ]);
  });

  it.each([
    ['sets', 'Enabled', 'Enabled'],
    ['removes', undefined, null],
  ])('%s the label of the node', async (_, value, written) => {
    const rig = create();
    await rig.apply([{ kind: 'device-plugin-label', value }]);
    expect(rig.connection.writes).toMatchObject([
      {
        method: 'PATCH',
        path: '/api/v1/nodes/n1',
        body: { metadata: { labels: { [LABEL.devicePlugin]: written }, resourceVersion: '42' } },
      },
    ]);
    expect([isUnmet(rig, WRITTEN.node, '1000'), isUnmet(rig, WRITTEN.node, '1001')]).toEqual([true, false]);
  });

  it('labels a node whose version it does not know, and takes no offence at one that is gone', async () => {
    const rig = create();
    rig.connection.script = () => refusal(404);
    await rig.apply([{ kind: 'device-plugin-label', value: 'Enabled' }], { nodeVersion: undefined });
    expect(rig.connection.writes[0]?.body).toEqual({ metadata: { labels: { [LABEL.devicePlugin]: 'Enabled' } } });
    expect(isUnmet(rig, WRITTEN.node, '1')).toBe(false);
    rig.connection.script = () => refusal(403);
    await expect(rig.apply([{ kind: 'device-plugin-label', value: 'Enabled' }])).rejects.toMatchObject({ status: 403 });
  });

  it('hands keys of ConfigMaps to their writer, and says which of them the node wants', async () => {
    const rig = create();
    await rig.apply([{ kind: 'device-plugin-config', configMap: 'device-plugin-config', text: '{}' }]);
    expect(rig.keys).toEqual([{ configMap: 'device-plugin-config', node: 'n1', text: '{}', owner, plannedFrom: '43' }]);
    expect(rig.settled).toEqual([['n1', ['device-plugin-config']]]);
    const name = WRITTEN.configMap('device-plugin-config');
    expect([isUnmet(rig, name, '76'), isUnmet(rig, name, '77')]).toEqual([true, false]);
    await rig.apply([{ kind: 'delete-state' }]);
    expect(rig.settled[1]).toEqual(['n1', []]);
  });

  it('ends with the first failure', async () => {
    const rig = create();
    rig.connection.script = ({ path }) => (path.includes('nodestates') ? refusal(409) : undefined);
    const writes: NodeWrite[] = [{ kind: 'delete-state' }, { kind: 'device-plugin-label', value: 'Enabled' }];
    await expect(rig.apply(writes)).rejects.toMatchObject({ status: 409 });
    expect(rig.connection.writes).toHaveLength(1);
  });

  it('writes nothing without an SriovOperatorConfig', async () => {
    const rig = create();
    await rig.apply([{ kind: 'delete-state' }], { operatorConfig: undefined });
    expect(rig.connection.writes).toEqual([]);
  });
});
