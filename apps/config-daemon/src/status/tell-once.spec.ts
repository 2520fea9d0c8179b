import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@sriov/runtime';
import { readLogLine } from '@sriov/testing';
import { tellOnce } from './tell-once.ts';

describe('what cannot be known of a host', () => {
  it('is said once, however often it is found', () => {
    const lines: string[] = [];
    const log = createLogger({ service: 'test', level: 'warn' }, { write: (line) => void lines.push(line) });
    const tell = tellOnce(log);
    tell('there is no kubelet');
    tell('there is no kubelet');
    tell('there are no processes');
    expect(lines.map((line) => readLogLine(line).msg)).toEqual(['there is no kubelet', 'there are no processes']);
  });
});
