import { describe, expect, it } from '@jest/globals';
import { REASON } from '@sriov/api';
import { type LastingFailure } from '@sriov/controller';
import { ConfigMapWriteError } from '../config-map/config-map-writer.ts';
import { subjectOf } from '../subject.ts';
import { createOfflineParts, settingsOf, stateOf } from '../test/offline-controllers.ts';
import { affectedSubjects, FailingNodes } from './failing-nodes.ts';
import { NodeFindings } from './node-findings.ts';

const policy = (name: string): string => subjectOf('SriovNetworkNodePolicy', name);
const POOL = subjectOf('SriovNetworkPoolConfig', 'q');
const failureOf = (message: string, cause: unknown = new Error(message)): LastingFailure => ({
  kind: 'stalled',
  reason: REASON.reconcileFailed,
  message,
  cause,
});

describe('FailingNodes', () => {
  it('tells of which subjects something is new', () => {
    const failing = new FailingNodes();
    const subjects = new Set([policy('a'), POOL]);
    expect(failing.set('n1', { failure: failureOf('no'), subjects })).toEqual(subjects);
    expect(failing.set('n1', { failure: failureOf('no'), subjects: new Set([policy('b')]) })).toEqual(
      new Set([...subjects, policy('b')]),
    );
    expect(failing.set('n1', undefined)).toEqual(new Set([policy('b')]));
    expect(failing.set('n1', undefined)).toEqual(new Set());
  });

  it('has a problem for each policy and pool whose wish the failed write was', () => {
    const failing = new FailingNodes();
    failing.set('n1', { failure: failureOf('no'), subjects: new Set([policy('a'), POOL]) });
    failing.set('n2', { failure: failureOf('never'), subjects: new Set([policy('b')]) });
    const rest = { node: 'n1', reason: 'ReconcileFailed', message: 'no' };
    expect(failing.problemsOf(policy('a'))).toEqual([{ kind: 'SriovNetworkNodePolicy', name: 'a', ...rest }]);
    expect(failing.problemsOf(POOL)).toEqual([{ kind: 'SriovNetworkPoolConfig', name: 'q', ...rest }]);
    expect(failing.problemsOf(policy('c'))).toEqual([]);
  });

  it('tells writes of ConfigMaps from all others, each with the answer that the first node got', () => {
    const failing = new FailingNodes();
    expect([failing.writesOf('all'), failing.writesOf('config-maps')]).toEqual([undefined, undefined]);
    failing.set('n3', { failure: failureOf('third'), subjects: new Set() });
    failing.set('n2', {
      failure: failureOf('second', new ConfigMapWriteError('map', new Error('x'))),
      subjects: new Set(),
    });
    failing.set('n1', { failure: failureOf('first'), subjects: new Set() });
    expect(failing.writesOf('all')).toEqual({ nodes: ['n1', 'n2', 'n3'], message: 'first' });
    expect(failing.writesOf('config-maps')).toEqual({ nodes: ['n2'], message: 'second' });
  });
});

describe('affectedSubjects', () => {
  it('are those that the node is planned with, and those that it still has VFs of', () => {
    const { caches } = createOfflineParts();
    const findings = new NodeFindings();
    const sources = { findings, caches, settings: settingsOf() };
    const vfGroups = [{ policyName: 'left' }, { resourceName: 'nobody' }];
    const interfaces = [{ pciAddress: 'x', vfGroups }, { pciAddress: 'y' }];
    caches.nodeStates.store.upsert(stateOf('n1', { spec: { interfaces } }));
    expect(affectedSubjects(sources, 'n1')).toEqual(new Set());
    findings.set('n1', {
      subjects: new Set([policy('a')]),
      undecided: new Set(),
      problems: [],
      generations: new Map(),
      isSettled: true,
    });
    expect(affectedSubjects(sources, 'n1')).toEqual(new Set([policy('a'), policy('left')]));
    caches.nodeStates.store.remove('operator/n1');
    expect(affectedSubjects(sources, 'n1')).toEqual(new Set([policy('a')]));
  });
});
