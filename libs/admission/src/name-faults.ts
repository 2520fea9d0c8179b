import { type KubeObject } from '@sriov/api';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;

/** Why the API server refuses an object of that name: names are DNS subdomains (RFC 1123). */
export function findNameFault({ metadata: { name } }: KubeObject): string | undefined {
  if (name.length <= LONGEST_NAME && name.split('.').every((label) => LABEL.test(label))) return undefined;
  return `metadata.name "${name}" must be at most ${LONGEST_NAME} lower-case letters, digits, "-" or ".", and each part between dots must begin and end with a letter or digit${suggestion(name)}`;
}

/** Why there can be no namespace of that name: names of namespaces are DNS labels (RFC 1123). */
export function findNamespaceFault(field: string, name: string): string | undefined {
  return LABEL.test(name) && name.length <= LONGEST_LABEL
    ? undefined
    : `${field} "${name}" must be at most ${LONGEST_LABEL} lower-case letters, digits or "-", and begin and end with a letter or digit${suggestion(name)}`;
}

function suggestion(name: string): string {
  const near = name.toLowerCase().replaceAll('_', '-');
  return near !== name && LABEL.test(near) && near.length <= LONGEST_LABEL ? `: write ${near}` : '';
}
