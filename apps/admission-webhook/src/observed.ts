import { CUSTOM_RESOURCES } from '@sriov/api';
import { type ServiceContext } from '@sriov/runtime';
import { type Answer, type Question } from './review.ts';
import { type Responder } from './webhook-server.ts';

/**
 * Kinds that are labels of a metric. Anybody who reaches the port can invent kinds, and each would stay a series of its
 * own for ever.
 */
const KINDS: ReadonlySet<string> = new Set(CUSTOM_RESOURCES.map(({ kind }) => kind));

/** The responders, with each answer counted and timed, and each refusal logged. */
export function observed(
  responders: Readonly<Record<string, Responder>>,
  { metrics, log, clock }: Pick<ServiceContext<unknown>, 'metrics' | 'log' | 'clock'>,
): Record<string, Responder> {
  const total = metrics.counter('sriov_admission_reviews_total', 'Reviews by path, kind, operation and verdict', [
    'path',
    'kind',
    'operation',
    'verdict',
  ]);
  const seconds = metrics.histogram('sriov_admission_review_duration_seconds', 'Duration of a review', ['path']);

  const observe = (path: string, respond: Responder): Responder => {
    return (question) => {
      const start = clock.elapsed();
      const answer = respond(question);
      const { object, operation } = question;
      total.inc({
        path,
        kind: KINDS.has(object.kind ?? '') ? (object.kind ?? '') : 'other',
        operation,
        verdict: verdictLabel(answer),
      });
      seconds.observe({ path }, (clock.elapsed() - start) / 1000);
      if (typeof answer !== 'string' && !answer.allowed) logRefusal(question, answer);
      return answer;
    };
  };
  const logRefusal = ({ object, operation }: Question, { message }: Answer): void => {
    const { namespace, name } = object.metadata;
    log.info({ kind: object.kind, namespace, name, operation, message }, 'refused');
  };
  return Object.fromEntries(Object.entries(responders).map(([path, respond]) => [path, observe(path, respond)]));
}

function verdictLabel(answer: Answer | string): string {
  if (typeof answer === 'string') return 'unanswered';
  return answer.allowed ? 'allowed' : 'refused';
}
