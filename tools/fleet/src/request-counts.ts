/** Requests that the API server answered, by `VERB resource` or `VERB resource/subresource`. */
export type RequestCounts = ReadonlyMap<string, number>;

const LINE = /^apiserver_request_total\{(.*)\} (\S+)$/;
const LABEL = /(\w+)="([^"]*)"/g;
const WRITES = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'];

/** Reads the counts from the API server's metrics, the Prometheus text format. */
export function parseRequestCounts(metrics: string): RequestCounts {
  const counts = new Map<string, number>();
  for (const line of metrics.split('\n')) {
    const [, labels = '', value] = LINE.exec(line) ?? [];
    if (value === undefined) continue;
    const given = new Map([...labels.matchAll(LABEL)].map(([, name, text]) => [name, text]));
    const [verb, resource, subresource] = ['verb', 'resource', 'subresource'].map((name) => given.get(name));
    const key = `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}

/** What was asked between two counts, of the resources that the controller has to do with; leases left out. */
export function requestsBetween(before: RequestCounts, after: RequestCounts): Requests {
  const writes = new Map<string, number>();
  let reads = 0;
  for (const [key, total] of after) {
    const count = total - (before.get(key) ?? 0);
    const [verb = '', path = ''] = key.split(' ');
    if (count === 0 || !isOurs(path)) continue;
    if (WRITES.includes(verb)) writes.set(path, (writes.get(path) ?? 0) + count);
    else reads += count;
  }
  return { writes, reads };
}

/** Requests of a while: writes by resource, and all reads together. */
export interface Requests {
  readonly writes: ReadonlyMap<string, number>;
  readonly reads: number;
}

function isOurs(path: string): boolean {
  const [resource = ''] = path.split('/');
  return resource.startsWith('sriov') || ['nodes', 'configmaps', 'events'].includes(resource);
}
