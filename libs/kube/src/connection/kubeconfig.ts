import { KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '@sriov/errors';
import { ServiceError } from '@sriov/runtime';

/**
 * Reads the kubeconfig file, or the service account of the pod when none is given.
 * @throws {ServiceError} `KUBECONFIG_INVALID` that names the file and the cause.
 */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromCluster();
    else config.loadFromFile(path);
  } catch (cause) {
    const detail = messageOf(cause);
    throw new ServiceError(
      'KUBECONFIG_INVALID',
      path === undefined
        ? `no --kubeconfig is given and there is no service account of a pod to use: ${detail}`
        : `cannot use the kubeconfig ${path}: ${detail}`,
      { cause },
    );
  }
  const problem = serverProblem(config, path);
  if (problem !== undefined) throw new ServiceError('KUBECONFIG_INVALID', problem);
  return config;
}

function serverProblem(config: KubeConfig, path: string | undefined): string | undefined {
  if (path === undefined) {
    return process.env['KUBERNETES_SERVICE_HOST']
      ? undefined
      : 'no --kubeconfig is given and this process does not run in a pod of a cluster';
  }
  const server = config.getCurrentCluster()?.server;
  const context = config.getCurrentContext() as string | undefined;
  const where = `the kubeconfig ${path}`;
  if (!context) return `${where} has no current-context`;
  if (!server) return `${where} names no server for its current context "${context}"`;
  const isAddress = /^https?:\/\//.test(server) && URL.canParse(server);
  return isAddress ? undefined : `${where} names the server "${server}", which is no http or https address`;
}
