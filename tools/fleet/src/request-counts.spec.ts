import { describe, expect, it } from '@jest/globals';
import { parseRequestCounts, requestsBetween } from './request-counts.ts';

const line = (labels: Record<string, string>, count: number): string => {
  const text = Object.entries({ code: '200', group: '', subresource: '', ...labels });
  return `apiserver_request_total{${text.map(([name, value]) => `${name}="${value}"`).join(',')}} ${count}`;
};
const node = { resource: 'sriovnetworknodestates', verb: 'PATCH' };

describe('the counts of requests', () => {
  it('are read from metrics, whatever the answers were', () => {
    const metrics = [
      '# HELP apiserver_request_total Requests',
      line(node, 3),
      line({ ...node, code: '409' }, 2),
      line({ ...node, subresource: 'status' }, 7),
      'apiserver_request_duration_seconds_count{resource="nodes",verb="PATCH"} 9',
    ].join('\n');
    expect(parseRequestCounts(metrics)).toEqual(
      new Map([
        ['PATCH sriovnetworknodestates', 5],
        ['PATCH sriovnetworknodestates/status', 7],
      ]),
    );
  });

  it('are told apart into writes by resource and reads, without what is not ours', () => {
    const before = new Map([['PATCH nodes', 1]]);
    const after = new Map([
      ['PATCH nodes', 3],
      ['APPLY sriovnetworknodepolicies/status', 4],
      ['POST sriovnetworknodestates', 1],
      ['PATCH sriovnetworknodestates', 2],
      ['LIST nodes', 5],
      ['PUT leases', 6],
    ]);
    expect(requestsBetween(before, after)).toEqual({
      writes: new Map([
        ['nodes', 2],
        ['sriovnetworknodepolicies/status', 4],
        ['sriovnetworknodestates', 3],
      ]),
      reads: 5,
    });
  });
});
