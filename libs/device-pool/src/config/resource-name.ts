const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$/;
const MAX_NAME = 63;
/** The kubelet counts `requests.` in front of the prefix as well, in a name of at most 253 characters. */
const MAX_PREFIX = 253 - 'requests.'.length;

/**
 * Why the kubelet would refuse a resource of this name, or the original device plugin, whose rules for the part behind
 * the slash are narrower. See k8s.io/kubernetes/pkg/apis/core/v1/helper, IsExtendedResourceName.
 */
export function problemOfName(prefix: string, resourceName: string): string | undefined {
  if (resourceName === '') return 'it has no resourceName';
  if (!NAME.test(resourceName) || resourceName.length > MAX_NAME) {
    return `its resourceName has to be 1 to ${MAX_NAME} letters, digits, "-" or "_", with a letter or digit at both ends`;
  }
  if (prefix.length > MAX_PREFIX || !prefix.split('.').every((label) => LABEL.test(label))) {
    return `its prefix ${prefix} has to be a domain name in lower case`;
  }
  // It looks for `kubernetes.io/` anywhere in the name.
  if (prefix.endsWith('kubernetes.io') || prefix.startsWith('requests.')) {
    return `the kubelet keeps the prefix ${prefix} for itself`;
  }
  return undefined;
}
