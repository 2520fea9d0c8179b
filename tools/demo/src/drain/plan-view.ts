import { Readable } from 'node:stream';
import { type KubeObject, SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from '@sriov/api';
import { type Access, adminAnswer } from '@sriov/control-plane';
import { run } from '@sriov/kubectl-sriov';

const GROUP = '/apis/sriovnetwork.openshift.io/v1';
const CUSTOM = [
  ['SriovOperatorConfig', 'sriovoperatorconfigs'],
  ['SriovNetworkNodeState', 'sriovnetworknodestates'],
  ['SriovNetworkNodePolicy', 'sriovnetworknodepolicies'],
  ['SriovNetworkPoolConfig', 'sriovnetworkpoolconfigs'],
] as const;

interface Listed {
  readonly apiVersion: string;
  readonly items: readonly KubeObject[];
}

/** What `kubectl sriov plan` says of the policy before it is applied, line by line. */
export async function planLines(
  access: Access,
  namespace: string,
  policy: Pick<SriovNetworkNodePolicy, 'metadata' | 'spec'>,
): Promise<string[]> {
  const list = async (kind: string, path: string): Promise<object[]> => {
    const { items, apiVersion } = (await adminAnswer(access, { method: 'GET', path })) as Listed;
    return items.map((item) => ({ ...item, kind, apiVersion }));
  };
  const found = await Promise.all([
    list('Node', '/api/v1/nodes'),
    ...CUSTOM.map(([kind, plural]) => list(kind, `${GROUP}/namespaces/${namespace}/${plural}`)),
  ]);
  const { kind, group, version } = SRIOV_NETWORK_NODE_POLICY;
  const items = [...found.flat(), { apiVersion: `${group}/${version}`, kind, ...policy }];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  let text = '';
  await run(['plan', '-f', '-'], {
    stdin: Readable.from([input]),
    stdout: { write: (part) => (text += part) },
    stderr: { write: () => undefined },
  });
  return text.trimEnd().split('\n');
}
