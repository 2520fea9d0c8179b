import { expect, it } from '@jest/globals';
import { type LastingFailure } from '@sriov/controller';
import { Findings } from './findings.ts';

const FOUND = { foreign: ['x'], isWaiting: true, version: '1' };
const FAILURE: LastingFailure = { kind: 'stalled', reason: 'WriteRefused', message: 'no', cause: undefined };

it('an operand is known when it was planned from what is in force', () => {
  const findings = new Findings();
  expect(findings.of('config-daemon', '1')).toBeUndefined();
  findings.set('config-daemon', FOUND);
  expect(findings.of('config-daemon', '1')).toEqual({ found: FOUND, failure: undefined });
  expect(findings.of('config-daemon', '2')).toBeUndefined();
  expect(findings.of('cni-plugins', '1')).toBeUndefined();
});

it('an operand that keeps failing is known by that, until it no longer does', () => {
  const findings = new Findings();
  findings.setFailure('config-daemon', FAILURE);
  expect(findings.of('config-daemon', '1')).toEqual({ found: { foreign: [], isWaiting: false }, failure: FAILURE });
  findings.setFailure('config-daemon', undefined);
  expect(findings.of('config-daemon', '1')).toBeUndefined();
});
