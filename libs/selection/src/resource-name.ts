const RESOURCE_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$/;
const LONGEST = 63;

/**
 * Why the device plugin and the kubelet cannot use the name. The device plugin ends over a bad one, with all its
 * resources.
 */
export function findResourceNameFault(name: string): string | undefined {
  return RESOURCE_NAME.test(name) && name.length <= LONGEST
    ? undefined
    : `spec.resourceName "${name}" must be 1 to ${LONGEST} letters, digits, "-" or "_", and begin and end with a letter or digit: choose another name`;
}
