import { describe, expect, it } from '@jest/globals';
import { CheckFailed, Report } from './report.ts';

describe('the report', () => {
  it('counts and shows what passed and what failed', async () => {
    const lines: string[] = [];
    const report = new Report((line) => lines.push(line.replace(/\([\d.]+ s\)/, '(T)')));
    const section = report.section('contract');
    expect(await section.check('adds', () => Promise.resolve(2))).toBe(2);
    await expect(section.check('boots', () => Promise.reject(new Error('no\nkernel')))).rejects.toThrow(CheckFailed);
    section.record({ name: 'binds', ms: 1 });
    section.show('ratio 1.1');
    expect(lines).toEqual([
      'ok      contract: adds (T)',
      'FAILED  contract: boots (T)\n        no\n        kernel',
      'ok      contract: binds (T)',
      '        contract: ratio 1.1',
    ]);
    expect([report.passed, report.failed]).toEqual([2, 1]);
  });
});
