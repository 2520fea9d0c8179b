/** What a pod of a test is to have. */
export interface PodWish {
  readonly name: string;
  readonly image: string;
  /** Resource name → how many of it. */
  readonly resources?: Readonly<Record<string, number>>;
  readonly hostNetwork?: boolean;
  /** It has the token of a service account, as usual. A pod without one starts sooner. */
  readonly hasToken?: boolean;
  /** Shell commands that run before the container waits for its end. */
  readonly begin?: string;
  /** What runs in place of a shell, where the image has none. It has to end by SIGTERM. */
  readonly command?: readonly string[];
}

/** A pod that does its first commands, and then waits until it is told to end: it ends at once. */
export function podSpecOf({
  name,
  image,
  resources = {},
  hostNetwork = false,
  hasToken = true,
  begin = ':',
  command = ['/bin/sh', '-c', `${begin}; trap 'exit 0' TERM; sleep 2000000000 & wait`],
}: PodWish): object {
  const limits = Object.fromEntries(Object.entries(resources).map(([key, count]) => [key, String(count)]));
  const container = {
    name: 'main',
    image,
    imagePullPolicy: 'Never',
    command,
    resources: { limits },
  };
  const spec = { containers: [container], hostNetwork, automountServiceAccountToken: hasToken, dnsPolicy: 'Default' };
  return { metadata: { name }, spec };
}
