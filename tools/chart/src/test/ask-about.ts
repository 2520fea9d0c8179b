import { REGISTRATIONS, WEBHOOK_CONFIGURATION } from '@sriov/api';
import { type Access, adminAnswer } from '@sriov/control-plane';

/** Has the API server ask the webhook from now on, as the webhook does once it has been reached. */
export async function askAbout(access: Access, ...kinds: readonly string[]): Promise<void> {
  for (const { kind, plural, wanted } of REGISTRATIONS) {
    if (kinds.length > 0 && !kinds.includes(kind)) continue;
    await adminAnswer(access, {
      method: 'PATCH',
      path: `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}?fieldManager=admission-webhook`,
      contentType: 'application/json-patch+json',
      body: [{ op: 'add', path: '/webhooks/0/rules', value: [wanted] }],
    });
  }
}
