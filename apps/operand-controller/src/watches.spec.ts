import { beforeEach, describe, expect, it } from '@jest/globals';
import { type KubeObject, LABEL } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { KubeClient } from '@sriov/kube';
import { OPERANDS } from '@sriov/operands';
import { createLogger, Health } from '@sriov/runtime';
import { FakeClock, ScriptedConnection } from '@sriov/testing';
import { type Caches, createCaches } from './caches.ts';
import { connectWatches } from './watches.ts';

let caches: Caches;
let woken: string[];
let version: number;

beforeEach(() => {
  const clock = new FakeClock();
  const client = new KubeClient({ connection: new ScriptedConnection(), clock, fieldManager: 'operand-controller' });
  const log = createLogger({ service: 'spec', level: 'silent' });
  caches = createCaches({ client, clock, log, health: new Health() }, 'operator');
  woken = [];
  version = 0;
  const recording = (name: string): Controller =>
    ({
      enqueue: (key: string, ms = 0) => void woken.push([name, key, ...(ms > 0 ? [ms] : [])].join(' ')),
    }) as unknown as Controller;
  connectWatches(caches, {
    operands: recording('operand'),
    status: recording('status'),
    operatorConfig: recording('config'),
  });
});

const object = (metadata: object = {}, rest: object = {}): KubeObject => ({
  metadata: { name: 'x', namespace: 'operator', uid: 'u', resourceVersion: String((version += 1)), ...metadata },
  ...rest,
});
/** What a change wakes, after the objects that are there. */
type Kind = Exclude<keyof Caches, 'registrations'>;
const wokenBy = (kind: Kind, change: KubeObject, ...before: readonly KubeObject[]): string[] => {
  const { store } = caches[kind];
  for (const each of before) store.upsert(each);
  woken = [];
  store.upsert(change);
  return woken;
};

const ALL = OPERANDS.map((name) => `operand ${name}`);
const SOON = 'status status 1000';
const OURS = { generation: 1, labels: { [LABEL.operand]: 'cni-plugins' } };

describe('what wakes whom', () => {
  it('a SriovOperatorConfig and the settings concern everything', () => {
    expect(wokenBy('operatorConfigs', object({ generation: 1 }))).toEqual([
      'config operator-config',
      ...ALL,
      'status status',
    ]);
    expect(wokenBy('settings', object())).toEqual([...ALL, 'status status']);
    expect(wokenBy('settings', object())).toEqual([...ALL, 'status status']);
  });

  it.each<[string, object, boolean]>([
    ['its status alone', {}, false],
    ['its spec', { generation: 2 }, true],
    ['its end', { deletionTimestamp: 'now' }, true],
    ['it itself, which is another', { uid: 'v' }, true],
  ])('of a SriovOperatorConfig, %s changes', (_, change, isNews) => {
    expect(wokenBy('operatorConfigs', object({ generation: 1, ...change }), object({ generation: 1 })).length > 0).toBe(
      isNews,
    );
  });

  it('what the chart asks of the SriovOperatorConfig concerns that and its status', () => {
    expect(wokenBy('operatorConfigWish', object())).toEqual(['config operator-config', 'status status']);
  });

  it('a DaemonSet concerns its operand, and one of others concerns all', () => {
    expect(wokenBy('daemonSets', object(OURS))).toEqual([SOON, 'operand cni-plugins']);
    expect(wokenBy('daemonSets', object({ name: 'y', generation: 1 }))).toEqual([SOON, ...ALL]);
  });

  it.each<[string, object, string[]]>([
    ['status', {}, [SOON]],
    ['spec', { generation: 2 }, [SOON, 'operand cni-plugins']],
    ['label', { labels: {} }, [SOON, 'operand cni-plugins']],
    ['annotation', { annotations: { a: 'b' } }, [SOON, 'operand cni-plugins']],
    ['owner', { ownerReferences: [] }, [SOON, 'operand cni-plugins']],
  ])('of a DaemonSet, a %s changes', (_, change, expected) => {
    expect(wokenBy('daemonSets', object({ ...OURS, ...change }), object(OURS))).toEqual(expected);
  });

  it('a Service has no generation: any change of it counts', () => {
    const { generation: _, ...labelled } = OURS;
    expect(wokenBy('services', object(labelled), object(labelled))).toEqual([SOON, 'operand cni-plugins']);
  });

  it('the webhook concerns the status', () => {
    expect(wokenBy('deployments', object({ generation: 1 }))).toEqual([SOON]);
    for (const { informer } of caches.registrations) {
      woken = [];
      informer.store.upsert(object());
      expect(woken).toEqual([SOON]);
    }
  });

  it('an object that is gone concerns its operand', () => {
    wokenBy('daemonSets', object(OURS));
    woken = [];
    caches.daemonSets.store.remove('operator/x');
    expect(woken).toEqual([SOON, 'operand cni-plugins']);
  });
});
