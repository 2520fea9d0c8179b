import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  apiVersionOf,
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEFAULT_OPERATOR_NAMESPACE,
  LABEL,
  type ServiceName,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { applyChart, SERVICE_ACCOUNTS, serviceKubeconfig } from '@sriov/chart';
import { applyObject, type ControlPlane, findFreePort, Supervisor } from '@sriov/control-plane';
import { type ImageRecipe } from '../recipe.ts';
import { type Container } from './container.ts';

const NODE = 'images-node';
const NAMESPACE = DEFAULT_OPERATOR_NAMESPACE;
const HOST = '127.0.0.1';
const READY_MS = 60_000;

/** Installs all of the chart but the workloads, and makes a node and the SriovOperatorConfig. */
export async function prepareCluster(plane: ControlPlane): Promise<void> {
  const values = { crds: { networkAttachmentDefinition: true } };
  await applyChart(plane.access, { namespace: NAMESPACE, values, parts: ['crds', 'rights', 'configuration'] });
  const metadata = { name: NODE, labels: { [LABEL.worker]: '', [LABEL.os]: 'linux' } };
  await applyObject(plane.access, { apiVersion: 'v1', kind: 'Node', metadata });
  const config = { name: DEFAULT_OPERATOR_CONFIG_NAME, namespace: NAMESPACE };
  const { kind } = SRIOV_OPERATOR_CONFIG;
  await applyObject(plane.access, { apiVersion: apiVersionOf(SRIOV_OPERATOR_CONFIG), kind, metadata: config });
}

/** A container that has to become ready. */
interface Candidate {
  readonly name: ImageRecipe['name'];
  readonly container: Container;
  readonly user: string;
}

/**
 * Runs a service of an image until it says that it is ready, with the account that the chart gives it. The device
 * plugin has no kubelet here and no resource to offer, but it looks at the devices of this machine.
 * @returns milliseconds until then @throws Error with the end of its log
 */
export async function becomeReady(plane: ControlPlane, { name, container, user }: Candidate): Promise<number> {
  const port = await findFreePort();
  const args = ['--listen', `${HOST}:${port}`, ...(await flagsOf(plane, { name, container, user }))];
  const folder = join(container.tmp, '..', 'logs');
  await mkdir(folder);
  const ended: string[] = [];
  const supervisor = new Supervisor(folder, ({ how }) => void ended.push(how));
  const start = Date.now();
  try {
    supervisor.start({ name, ...container.words({ args, sys: name === 'config-daemon' || name === 'device-plugin' }) });
    while (!(await isReady(`http://${HOST}:${port}`))) {
      if (ended.length > 0 || Date.now() - start > READY_MS) {
        const what = ended.length > 0 ? `ended by ${ended[0]}` : `is not ready after ${READY_MS / 1000} s`;
        throw new Error(`${name} ${what}; the end of its log:\n${await supervisor.logTail(name)}`);
      }
      await delay(20);
    }
    const ms = Date.now() - start;
    // A warning of Node.js, for example, is nothing that a collector of logs can read.
    const stranger = (await supervisor.logTail(name)).split('\n').find((line) => !line.startsWith('{'));
    if (stranger !== undefined) throw new Error(`${name} writes a line that is not of its log: ${stranger}`);
    return ms;
  } finally {
    await supervisor.stop(name, 'SIGTERM');
    await supervisor.close();
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { status } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    return status === 200;
  } catch {
    return false;
  }
}

async function flagsOf(plane: ControlPlane, { name, container, user }: Candidate): Promise<string[]> {
  if (name === 'device-plugin') {
    await mkdir(join(container.tmp, 'kubelet'));
    await mkdir(join(container.tmp, 'handover'));
    return ['--kubelet-folder', '/tmp/kubelet', '--handover-folder', '/tmp/handover'];
  }
  const path = join(container.tmp, 'kubeconfig');
  await writeFile(path, await kubeconfigFor(plane, name), { mode: 0o400 });
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  await chown(path, uid, gid);
  return ['--kubeconfig', '/tmp/kubeconfig', '--namespace', NAMESPACE, ...(await ownFlags(name))];
}

/** A program without an account in the chart acts as administrator. */
async function kubeconfigFor(plane: ControlPlane, name: string): Promise<string> {
  if (!isService(name)) return readFile(plane.kubeconfigPath, 'utf8');
  const request = { namespace: NAMESPACE, service: name, ...(name === 'config-daemon' && { node: NODE }) };
  return serviceKubeconfig(plane.access, request);
}

const isService = (name: string): name is ServiceName => name in SERVICE_ACCOUNTS;

async function ownFlags(name: string): Promise<string[]> {
  if (name === 'config-daemon') return ['--node-name', NODE];
  if (name !== 'admission-webhook') return [];
  return ['--port', String(await findFreePort()), '--bind-address', HOST, '--certificate-names', HOST];
}
