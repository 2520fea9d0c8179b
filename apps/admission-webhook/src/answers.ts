import { type AdmissionCluster, type AdmissionSettings, admit, setDefaults } from '@sriov/admission';
import { type Answer, type Question } from './review.ts';

const ALLOWED: Answer = { allowed: true, message: '', warnings: [], patch: [] };

/** Sets the defaults. It never refuses: the validating webhook judges the object when its defaults are set. */
export function answerMutating({ operation, object, oldObject }: Question): Answer {
  return operation === 'CONNECT' ? ALLOWED : { ...ALLOWED, patch: setDefaults({ operation, object, oldObject }) };
}

/** Allows the write or refuses it. */
export function answerValidating(question: Question, cluster: AdmissionCluster, settings: AdmissionSettings): Answer {
  const { operation, object, oldObject } = question;
  if (operation === 'CONNECT') return ALLOWED;
  const { allowed, message, warnings } = admit({ operation, object, oldObject, cluster, settings });
  // kubectl does not say which object of a file is meant.
  const name = `${object.kind} ${object.metadata.name || 'without a name yet'}`;
  return {
    allowed,
    message: allowed ? '' : shorten(`${name}: ${message}`),
    warnings: warnings.map((warning) => `${name}: ${warning}`),
    // The object has its defaults already, and a validating webhook must not patch.
    patch: [],
  };
}

/** Longest message. It quotes the object, and nobody reads further. */
const MOST_CHARACTERS = 8_192;

function shorten(message: string): string {
  return message.length <= MOST_CHARACTERS ? message : `${message.slice(0, MOST_CHARACTERS)}...`;
}
