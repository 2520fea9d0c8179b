import { ANNOTATION, type Condition, type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { type Access, adminAnswer } from '@sriov/control-plane';
import { alignColumns } from '@sriov/words';

/** What an administrator sees of the drain of a node. */
export interface DrainView {
  readonly node: string;
  readonly isSchedulable: boolean;
  /** What the node asks for, and what has been done about it: the annotations. */
  readonly request: string;
  readonly progress: string;
  /** VFs of all PFs. */
  readonly vfs: number;
  readonly conditions: readonly Condition[];
  /** Events about the node state, oldest first. */
  readonly events: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
}

interface Listed {
  readonly items: readonly (DrainView['events'][number] & { readonly firstTimestamp: string })[];
}

/** Where the node is. */
export interface NodeRef {
  readonly namespace: string;
  readonly node: string;
}

/** Looks at the node as `kubectl get` and `kubectl describe` show it. */
export async function viewDrain(access: Access, { namespace, node }: NodeRef): Promise<DrainView> {
  const get = (path: string): Promise<unknown> => adminAnswer(access, { method: 'GET', path });
  const statePath = `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/${node}`;
  const state = (await get(statePath)) as SriovNetworkNodeState;
  const { spec = {} } = (await get(`/api/v1/nodes/${node}`)) as KubeObject & { spec?: { unschedulable?: boolean } };
  const selector = encodeURIComponent(`involvedObject.kind=SriovNetworkNodeState,involvedObject.name=${node}`);
  const { items } = (await get(`/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`)) as Listed;
  const { annotations = {} } = state.metadata;
  return {
    node,
    isSchedulable: spec.unschedulable !== true,
    request: annotations[ANNOTATION.desiredState] ?? '',
    progress: annotations[ANNOTATION.currentState] ?? '',
    vfs: (state.status?.interfaces ?? []).reduce((sum, { numVfs = 0 }) => sum + numVfs, 0),
    conditions: state.status?.conditions ?? [],
    events: [...items].sort((a, b) => (a.firstTimestamp < b.firstTimestamp ? -1 : 1)),
  };
}

/** The condition of the type. */
export function conditionOf({ conditions }: Pick<DrainView, 'conditions'>, type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

const TYPES = ['Ready', 'Drained'];

/** A message has several lines where several things are wrong. */
function conditionRows({ type, status, reason, message }: Condition): string[][] {
  const [first = '', ...more] = message.split('\n');
  return [[type, status, reason, first], ...more.map((line) => ['', '', '', line])];
}

/** The view as tables for people; Events that were shown with the view `before` are left out. */
export function drainLines(view: DrainView, before?: DrainView): string[] {
  const { node, isSchedulable, request, progress, vfs, events } = view;
  const conditions = TYPES.flatMap((type) => conditionOf(view, type) ?? []);
  const isShown = ({ message }: DrainView['events'][number]): boolean =>
    before?.events.some((event) => event.message === message) === true;
  return [
    '',
    ...alignColumns([
      ['NODE', 'SCHEDULABLE', 'DESIRED STATE', 'CURRENT STATE', 'VFS'],
      [node, isSchedulable ? 'yes' : 'no', request, progress, String(vfs)],
    ]),
    '',
    ...alignColumns([['CONDITION', 'STATUS', 'REASON', 'MESSAGE'], ...conditions.flatMap(conditionRows)]),
    '',
    ...alignColumns([
      ['EVENT', 'REASON', 'MESSAGE'],
      ...events.filter((event) => !isShown(event)).map(({ type, reason, message }) => [type, reason, message]),
    ]),
    '',
  ];
}
