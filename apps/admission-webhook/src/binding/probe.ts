import { ApiError, isConflict, type KubeClient, SECRET, type Secret } from '@sriov/kube';
import { PROBE_ENTRY, PROBE_LABEL } from '../registration.ts';
import { type Answer } from '../review.ts';

/** The refusal of every probe: it is the sign that a replica of ours was asked, and nothing of it is ever stored. */
export const PROBE_ANSWER: Answer = {
  allowed: false,
  message: 'the webhook was reached: nothing is wrong, and this is how it finds out',
  warnings: [],
  patch: [],
};

/**
 * The Secret of a probe: the name that our account may create, and no content. Its dry run sends the API server to us
 * by way of the Service, whether or not the Secret exists.
 */
function probeSecret({ namespace, name }: { readonly namespace: string; readonly name: string }): Secret {
  return {
    metadata: { namespace, name, labels: { [PROBE_LABEL]: '' } },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': '', 'tls.key': '' },
  };
}

/**
 * Has the API server ask the webhook, and returns why it could not; nothing when a replica has answered. Any replica
 * will do: the answer comes back by the request, wherever the Service has led it.
 */
export async function probe(
  client: KubeClient,
  secret: { readonly namespace: string; readonly name: string },
): Promise<string | undefined> {
  try {
    await client.create(SECRET, probeSecret(secret), { dryRun: true });
    return NOT_ASKED;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.message.includes(`admission webhook "${PROBE_ENTRY}" denied the request`)) return undefined;
    return isConflict(error) ? NOT_ASKED : error.message;
  }
}

const NOT_ASKED = `the API server has not asked yet: it does not know the entry ${PROBE_ENTRY}`;
