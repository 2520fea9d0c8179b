import { type NetworkAttachmentDefinition, NETWORK_ATTACHMENT_DEFINITION, SRIOV_NETWORK } from '@sriov/api';
import { ApiError, isChange } from '@sriov/kube';
import { type Row } from '../report.ts';
import { HUGE_SPEC, LARGEST_SPEC } from './hostile.ts';
import { openLoop } from './open-loop.ts';
import { ServiceProcess } from './service-process.ts';
import { latencyRow, memoryRow, type Surroundings } from './webhook.ts';

const TENANT = 'tenant';
const OTHER = 'other';

/** Measures the renderer: how long another's network takes while somebody creates 30 hostile ones a second. */
export async function benchRenderer(around: Surroundings): Promise<Row[]> {
  const { client, kubeconfig, namespace, folder, seconds, say } = around;
  const settings = { KUBECONFIG: kubeconfig, NAMESPACE: namespace };
  const renderer = await ServiceProcess.start({ app: 'network-renderer', folder, settings });
  const end = new AbortController();
  try {
    const rendered = await watchAttachments(around, end.signal);
    const create = async (space: string, name: string, spec: object): Promise<void> => {
      await client.create(SRIOV_NETWORK, { metadata: { name, namespace: space }, spec } as never);
    };
    /** Times from when the API server has the network until its object is seen. */
    let times: number[] = [];
    const another = async (name: string): Promise<void> => {
      const done = rendered(name);
      await create(OTHER, name, { resourceName: 'r', ipam: '{"type":"static"}' });
      const created = performance.now();
      await done;
      times.push(performance.now() - created);
    };
    await another('first');
    say('renderer: two networks a second');
    times = [];
    const whole = await openLoop({ perSecond: 2, seconds }, (index) => another(`alone-${index}`));
    const alone = times;
    times = [];
    say('renderer: the same, beside 30 hostile networks a second');
    let refused = 0;
    const hostile = async (index: number): Promise<void> => {
      await create(TENANT, `hostile-${index}`, index % 2 === 0 ? LARGEST_SPEC : HUGE_SPEC).catch((error: unknown) => {
        if (!(error instanceof ApiError) || error.status !== 422) throw error;
        refused += 1;
      });
    };
    const [wholeBeside] = await Promise.all([
      openLoop({ perSecond: 2, seconds }, (index) => another(`beside-${index}`)),
      openLoop({ perSecond: 30, seconds }, hostile),
    ]);
    const { rss, peak } = await renderer.memory();
    return [
      latencyRow('a network rendered, once the API server has it', alone, 1_000),
      latencyRow(`the same beside 30 hostile networks a second (${refused} refused)`, times, 1_000),
      withoutBar(latencyRow('both with the time that the API server takes to create the network: alone', whole, 0)),
      withoutBar(latencyRow('and beside the hostile ones', wholeBeside, 0)),
      {
        ...memoryRow('RSS of the renderer after that, and its peak', rss, 200),
        measured: `${rss.toFixed(0)} (${peak.toFixed(0)}) MB`,
      },
    ];
  } finally {
    end.abort();
    await renderer.stop();
  }
}

/** A row that depends on the API server's share of the machine more than on us. */
function withoutBar({ what, measured }: Row): Row {
  return { what, measured, bar: '' };
}

/** Returns who waits for the object of a network in the other's namespace. */
async function watchAttachments(
  { client }: Surroundings,
  signal: AbortSignal,
): Promise<(name: string) => Promise<void>> {
  const waiting = new Map<string, () => void>();
  const { resourceVersion } = await client.page(NETWORK_ATTACHMENT_DEFINITION, { namespace: OTHER, limit: 1 });
  const follow = async (): Promise<void> => {
    const events = client.watch<NetworkAttachmentDefinition>(NETWORK_ATTACHMENT_DEFINITION, {
      namespace: OTHER,
      resourceVersion,
      timeoutSeconds: 3_600,
      inactivityMs: 3_600_000,
      signal,
    });
    for await (const event of events) if (isChange(event)) waiting.get(event.object.metadata.name)?.();
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return (name) => new Promise((resolve) => waiting.set(name, resolve));
}
