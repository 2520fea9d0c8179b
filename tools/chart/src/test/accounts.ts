import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Access } from '@sriov/control-plane';
import { connect, KubeClient, loadKubeConfig } from '@sriov/kube';
import { systemClock } from '@sriov/runtime';
import { serviceKubeconfig, type TokenRequest } from '../service-account.ts';

/** A test's way to act as an account of the chart. */
export interface Account {
  readonly client: KubeClient;
  /** For a service that a test runs under the account. */
  readonly kubeconfigPath: string;
  close(): void;
}

/** Acts as the account by the kubeconfig that the demo would give to the service. */
export async function actAs(access: Access, request: TokenRequest): Promise<Account> {
  return openAccount(request.service, await serviceKubeconfig(access, request));
}

/** Acts as whomever the kubeconfig names, with the service as field manager. */
export function openAccount(service: string, kubeconfig: string): Account {
  const folder = mkdtempSync(join(tmpdir(), 'sriov-account-'));
  const kubeconfigPath = join(folder, 'kubeconfig');
  writeFileSync(kubeconfigPath, kubeconfig);
  const connection = connect(loadKubeConfig(kubeconfigPath), systemClock);
  return {
    client: new KubeClient({ connection, clock: systemClock, fieldManager: service }),
    kubeconfigPath,
    close() {
      connection.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
