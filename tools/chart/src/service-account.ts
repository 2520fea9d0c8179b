import { type ServiceName } from '@sriov/api';
import { type Access, adminAnswer, kubeconfigText } from '@sriov/control-plane';

/** The ServiceAccount of each service. The daemon's is the one that upstream has: clusters grant it what is special. */
export const SERVICE_ACCOUNTS: Readonly<Record<ServiceName, string>> = {
  'policy-controller': 'policy-controller',
  'network-renderer': 'network-renderer',
  'operand-controller': 'operand-controller',
  'drain-controller': 'drain-controller',
  'admission-webhook': 'admission-webhook',
  'config-daemon': 'sriov-network-config-daemon',
};

/** For whom a token is made. */
export interface TokenRequest {
  readonly namespace: string;
  readonly service: ServiceName;
  /** Node that the token is bound to: it tells the API server where its bearer runs, and ends with the Node. */
  readonly node?: string;
}

/** A demo that is left running must not lose its access to the cluster overnight. */
const TOKEN_SECONDS = 24 * 60 * 60;

/**
 * A token of the service's account, valid for a day.
 * @throws Error of the API server, such as when the account or the node does not exist
 */
export async function requestToken(access: Access, { namespace, service, node }: TokenRequest): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${SERVICE_ACCOUNTS[service]}/token`;
  const boundObjectRef = node === undefined ? undefined : await refOfNode(access, node);
  const body = { spec: { expirationSeconds: TOKEN_SECONDS, ...(boundObjectRef && { boundObjectRef }) } };
  const { status } = (await adminAnswer(access, { method: 'POST', path, body })) as { status: { token: string } };
  return status.token;
}

/** A kubeconfig with which a process outside the cluster acts as the service: text of the file. */
export async function serviceKubeconfig(access: Access, request: TokenRequest): Promise<string> {
  const token = await requestToken(access, request);
  return kubeconfigText({ server: access.server, ca: access.ca, user: { name: request.service, token } });
}

async function refOfNode(access: Access, name: string): Promise<object> {
  const { metadata } = (await adminAnswer(access, { method: 'GET', path: `/api/v1/nodes/${name}` })) as {
    metadata: { uid: string };
  };
  return { apiVersion: 'v1', kind: 'Node', name, uid: metadata.uid };
}
