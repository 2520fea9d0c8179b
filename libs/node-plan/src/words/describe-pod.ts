/** A pod as `libs/host` tells it, `namespace/name` or `UID ...`, in words. */
export function describePod(pod: string): string {
  return pod.startsWith('UID ') ? `the pod with the ${pod}` : `pod ${pod}`;
}
