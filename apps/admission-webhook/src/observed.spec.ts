import { describe, expect, it } from '@jest/globals';
import { createLogger, Metrics } from '@sriov/runtime';
import { FakeClock, readLogLine } from '@sriov/testing';
import { observed } from './observed.ts';
import { type Answer, type Question } from './review.ts';

describe('the duration of a review', () => {
  it.each([
    ['on', 3_600_000],
    ['back', -3_600_000],
  ])('is what it took, though somebody sets the clock %s meanwhile', async (_, ms) => {
    const clock = new FakeClock();
    const metrics = new Metrics();
    const log = createLogger({ service: 'spec', level: 'silent' });
    const judge = (): string => {
      clock.jump(ms);
      return 'no answer';
    };
    const { '/validate': respond } = observed({ '/validate': judge }, { metrics, log, clock });
    const question: Question = {
      uid: 'u',
      operation: 'CREATE',
      object: { kind: 'SriovNetwork', metadata: { name: 'n' } },
      oldObject: undefined,
    };
    expect(respond?.(question)).toBe('no answer');
    const text = await metrics.text();
    expect(text).toContain('sriov_admission_review_duration_seconds_sum{path="/validate"} 0\n');
    expect(text).toContain('sriov_admission_review_duration_seconds_bucket{le="0.001",path="/validate"} 1\n');
  });
});

const questionOf = (kind: string): Question => ({
  uid: 'u',
  operation: 'CREATE',
  object: { kind, metadata: { name: 'n', namespace: 'team' } },
  oldObject: undefined,
});
const answerOf = (allowed: boolean): Answer => ({ allowed, message: allowed ? '' : 'no', warnings: [], patch: [] });

/** The counter and the lines of the log after one review. */
async function review(question: Question, answer: Answer | string): Promise<{ counted: string; lines: object[] }> {
  const metrics = new Metrics();
  const lines: object[] = [];
  const write = (line: string): void => void lines.push(readLogLine(line));
  const log = createLogger({ service: 'spec', level: 'info' }, { write });
  const { '/validate': respond } = observed({ '/validate': () => answer }, { metrics, log, clock: new FakeClock() });
  expect(respond?.(question)).toBe(answer);
  const counted = (await metrics.text()).split('\n').find((line) => line.startsWith('sriov_admission_reviews_total{'));
  return { counted: counted ?? '', lines };
}

describe('a review is counted', () => {
  it.each<[string, string, Answer | string, string]>([
    ['as allowed', 'SriovNetwork', answerOf(true), 'kind="SriovNetwork",operation="CREATE",verdict="allowed"'],
    ['as refused', 'OVSNetwork', answerOf(false), 'kind="OVSNetwork",operation="CREATE",verdict="refused"'],
    ['as unanswered', 'SriovNetwork', 'later', 'kind="SriovNetwork",operation="CREATE",verdict="unanswered"'],
    [
      'under one name for all kinds that are not ours',
      'Pod',
      answerOf(true),
      'kind="other",operation="CREATE",verdict="allowed"',
    ],
    ['under that name where it names no kind', '', answerOf(true), 'kind="other",operation="CREATE",verdict="allowed"'],
  ])('%s', async (_, kind, answer, labels) => {
    expect((await review(questionOf(kind), answer)).counted).toBe(
      `sriov_admission_reviews_total{path="/validate",${labels}} 1`,
    );
  });
});

describe('the log', () => {
  it('tells a refusal, with the object and the cause', async () => {
    const { lines } = await review(questionOf('SriovNetwork'), answerOf(false));
    const object = { kind: 'SriovNetwork', namespace: 'team', name: 'n', operation: 'CREATE' };
    expect(lines).toMatchObject([{ ...object, message: 'no', msg: 'refused' }]);
  });

  it('does not tell what is allowed, or not answered', async () => {
    expect((await review(questionOf('SriovNetwork'), answerOf(true))).lines).toEqual([]);
    expect((await review(questionOf('SriovNetwork'), 'later')).lines).toEqual([]);
  });
});
