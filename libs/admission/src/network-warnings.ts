import { FEW, nearNames } from '@sriov/words';
import { findConfigFault } from './cni-config-fault.ts';
import { renderNetwork } from './network-rules.ts';
import { type AdmissionRequest } from './request.ts';
import { type Rule } from './rule.ts';

/** What a warning about a network looks at. */
export interface NetworkWords extends AdmissionRequest {
  readonly spec: {
    readonly resourceName: string;
    readonly ipam?: string | undefined;
    readonly capabilities?: string | undefined;
    readonly metaPlugins?: string | undefined;
  };
}

const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;
/** Blanks of Unicode that JSON does not know. */
const FOREIGN_BLANK = /[\v\f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** What the person who writes a network should know. The network is let in all the same. */
export const NETWORK_WARNINGS: readonly Rule<NetworkWords>[] = [
  {
    // Without any policy nothing can be told: the resources may come from elsewhere.
    name: 'a policy makes the resource',
    check({ spec: { resourceName }, cluster: { policies } }) {
      const made = policies.flatMap(({ spec }) => spec?.resourceName ?? []);
      if (made.length === 0 || made.includes(resourceName)) return undefined;
      const near = nearNames(resourceName, made).slice(0, FEW);
      const meant = near.length > 0 ? ` (near: ${near.join(', ')})` : '';
      return `spec.resourceName "${resourceName}" is made by no policy${meant}: pods with this network stay Pending unless something else makes it`;
    },
  },
  {
    name: 'between the tokens of JSON are the blanks of JSON',
    check({ spec: { ipam = '', capabilities = '', metaPlugins = '' } }) {
      const fields = Object.entries({ ipam, capabilities, metaPlugins })
        .filter(([, text]) => FOREIGN_BLANK.test(text.replace(JSON_STRING, '')))
        .map(([field]) => `spec.${field}`);
      return fields.length === 0
        ? undefined
        : `${fields.join(', ')}: a blank that is none in JSON, such as a no-break space, is read over here; other programs refuse it: write a plain space`;
    },
  },
  {
    // Upstream lets it in, and a stored network must not be refused at its next change.
    name: 'the CNI can read the configuration',
    check({ object, settings }) {
      const rendered = renderNetwork(object, settings);
      return rendered.ok ? findConfigFault(rendered.attachment.spec?.config ?? '{}') : undefined;
    },
  },
];
