import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { createLogger } from '@sriov/runtime';
import { readLogLine } from '@sriov/testing';
import { tellOnce, warnBy } from './tell-once.ts';

describe('what cannot be known of a host', () => {
  it('is said once, however often it is found', () => {
    const lines: string[] = [];
    const log = createLogger({ service: 'test', level: 'warn' }, { write: (line) => void lines.push(line) });
    const news: string[] = [];
    const tell = tellOnce(log, (sentence) => void news.push(sentence));
    tell('uses', ['there is no kubelet', 'there is no kubelet']);
    tell('plan', []);
    tell('uses', ['there is no kubelet', 'there are no processes']);
    expect(lines.map((line) => readLogLine(line).msg)).toEqual(['there is no kubelet', 'there are no processes']);
    expect(news).toEqual(['there is no kubelet', 'there are no processes']);
  });

  it('is said again when it was gone and has come back', () => {
    const news: string[] = [];
    const log = createLogger({ service: 'test', level: 'silent' });
    const tell = tellOnce(log, (sentence) => void news.push(sentence));
    tell('plan', ['another card is in the slot']);
    tell('plan', []);
    tell('plan', ['another card is in the slot']);
    tell('plan', ['another card is in the slot']);
    expect(news).toEqual(['another card is in the slot', 'another card is in the slot']);
  });

  it('is an Event of the node state, once there is one', () => {
    const cache: { nodeState?: SriovNetworkNodeState } = {};
    const events: unknown[] = [];
    const warn = warnBy(
      { record: (_, { metadata }, event) => void events.push([metadata.name, event]) },
      () => cache.nodeState,
    );
    warn('too early');
    cache.nodeState = { metadata: { name: 'node-1' } };
    warn('another card is in the slot');
    const event = { type: 'Warning', reason: 'HostWarning', message: 'another card is in the slot' };
    expect(events).toEqual([['node-1', event]]);
  });
});
