import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Access, adminRequest, type Answer } from './admin-request.ts';
import { resolveBinaries } from './binaries.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { findFreePort } from './free-port.ts';
import { listLeftovers, pidOf, processesIn } from './processes.ts';
import { type Binaries } from './source.ts';

/** Where nobody has got the programs before, the first test waits until they are built. */
const BUILD_MS = 30 * 60_000;
jest.setTimeout(60_000);

let scratch: string;
let binaries: Binaries;
beforeAll(async () => {
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  ({ binaries } = await resolveBinaries({ alsoNeeds: ['kube-controller-manager', 'kube-scheduler'], onProgress }));
}, BUILD_MS);
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'control-plane-spec-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const start = (options: ControlPlaneOptions = {}): Promise<ControlPlane> => startControlPlane({ binaries, ...options });
const get = ({ access }: { access: Access }, path: string): Promise<Answer> =>
  adminRequest(access, { method: 'GET', path });
const createNamespace = ({ access }: ControlPlane, name: string): Promise<Answer> =>
  adminRequest(access, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } });
const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
};

const whenKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? it : it.skip;

describe('a control plane', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await start();
  });
  afterAll(() => plane.stop());

  it('serves as soon as it has started, in the version that it says', async () => {
    expect((await get(plane, '/readyz')).status).toBe(200);
    expect(await get(plane, '/version')).toMatchObject({ body: { gitVersion: plane.version } });
    expect(processesIn(plane.folder).size).toBe(3);
  });

  whenKubectl('serves kubectl by its kubeconfig', async () => {
    const args = ['--kubeconfig', plane.kubeconfigPath, 'get', 'namespaces', '-o', 'name'];
    expect((await promisify(execFile)('kubectl', args)).stdout).toContain('namespace/kube-system');
  });

  it('authorizes by RBAC', async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const ask = (user: string, groups: readonly string[]): Promise<Answer> => {
      const spec = { user, groups, resourceAttributes: { verb: 'delete', resource: 'nodes' } };
      return adminRequest(plane.access, { method: 'POST', path, body: { spec } });
    };
    expect(await ask('admin', ['system:masters'])).toMatchObject({ body: { status: { allowed: true } } });
    expect(await ask('someone', [])).toMatchObject({ body: { status: { allowed: false } } });
  });

  it('writes its kubeconfig to no file that is there already', async () => {
    const path = join(scratch, 'config');
    writeFileSync(path, 'of another cluster');
    await expect(plane.writeKubeconfig(path)).rejects.toThrow(
      `cannot write the kubeconfig to ${path}: the file exists`,
    );
    expect(readFileSync(path, 'utf8')).toBe('of another cluster');
  });

  it('keeps its data and its address while the API server is away', async () => {
    await createNamespace(plane, 'kept');
    await plane.stopApiServer();
    await expect(get(plane, '/readyz')).rejects.toThrow(/ECONNREFUSED/);
    await plane.startApiServer();
    expect((await get(plane, '/api/v1/namespaces/kept')).status).toBe(200);
  });

  it('leaves nothing behind when it is stopped', async () => {
    await plane.stop();
    expect(listLeftovers(plane.folder)).toEqual({ processes: [], folder: false });
  });
});

describe('a control plane with service accounts', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await start({ serviceAccounts: true, ipAddresses: ['10.0.2.2'] });
  });
  afterAll(() => plane.stop());

  it('gives a namespace its default account, and pods that one', async () => {
    await createNamespace(plane, 'own');
    await until(async () => (await get(plane, '/api/v1/namespaces/own/serviceaccounts/default')).status === 200);
    const body = { metadata: { name: 'pod' }, spec: { containers: [{ name: 'main', image: 'none' }] } };
    const pod = await adminRequest(plane.access, { method: 'POST', path: '/api/v1/namespaces/own/pods', body });
    expect(pod).toMatchObject({ status: 201, body: { spec: { serviceAccountName: 'default' } } });
  });

  it('gives a namespace the authority by which pods know the API server', async () => {
    await createNamespace(plane, 'trusting');
    const path = '/api/v1/namespaces/trusting/configmaps/kube-root-ca.crt';
    await until(async () => (await get(plane, path)).status === 200);
    expect(await get(plane, path)).toMatchObject({ body: { data: { 'ca.crt': plane.access.ca } } });
  });

  it('is who it says it is at further addresses', async () => {
    const { port } = new URL(plane.server);
    const checkAs = (_: string, certificate: PeerCertificate): Error | undefined =>
      checkServerIdentity('10.0.2.2', certificate);
    const socket = connect({ port: Number(port), ca: plane.access.ca, checkServerIdentity: checkAs });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('deletes a namespace whole', async () => {
    const path = '/api/v1/namespaces/gone';
    await createNamespace(plane, 'gone');
    await adminRequest(plane.access, { method: 'DELETE', path });
    await until(async () => (await get(plane, path)).status === 404);
  });
});

describe('a control plane with kubelets', () => {
  let plane: ControlPlane;
  let kubelet: Access;
  beforeAll(async () => {
    plane = await start({ kubelets: true });
    kubelet = { ...plane.access, admin: await plane.kubeletCredentials('own') };
  });
  afterAll(() => plane.stop());

  const createNode = (access: Access, name: string): Promise<Answer> =>
    adminRequest(access, { method: 'POST', path: '/api/v1/nodes', body: { metadata: { name } } });

  it('lets a kubelet make its own node, and no other', async () => {
    expect((await createNode(kubelet, 'other')).status).toBe(403);
    expect((await createNode(kubelet, 'own')).status).toBe(201);
    const path = '/api/v1/nodes/own/status';
    const status = { conditions: [{ type: 'Ready', status: 'True' }], allocatable: { cpu: '1', pods: '10' } };
    const contentType = 'application/merge-patch+json';
    expect(await adminRequest(kubelet, { method: 'PATCH', path, contentType, body: { status } })).toMatchObject({
      status: 200,
    });
  });

  it('lets a kubelet read no secret that none of its pods has', async () => {
    const path = '/api/v1/namespaces/default/secrets/of-others';
    expect((await adminRequest(kubelet, { method: 'GET', path })).status).toBe(403);
  });

  it('gives a node its pods', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts/default';
    await until(async () => (await get(plane, accounts)).status === 200);
    // No kubelet keeps the node alive, and the node is not to be given up for that.
    const body = {
      metadata: { name: 'pod' },
      spec: { containers: [{ name: 'main', image: 'none' }], tolerations: [{ operator: 'Exists' }] },
    };
    await adminRequest(plane.access, { method: 'POST', path: '/api/v1/namespaces/default/pods', body });
    const nodeOf = async (): Promise<unknown> => (await get(plane, '/api/v1/namespaces/default/pods/pod')).body;
    await until(async () => /"nodeName":"own"/.test(JSON.stringify(await nodeOf())));
  });
});

describe('when something is in the way of a control plane', () => {
  it('takes other ports if someone was faster', async () => {
    const taken = await findFreePort();
    const holder = createServer().listen(taken, '127.0.0.1');
    await once(holder, 'listening');
    let picks = 0;
    // The third port is that of the API server.
    const pickPort = (): Promise<number> => ((picks += 1) === 3 ? Promise.resolve(taken) : findFreePort());
    const plane = await start({ pickPort });
    const { status } = await get(plane, '/readyz');
    await plane.stop();
    holder.close();
    expect([picks, status]).toEqual([10, 200]);
  });

  it('shows what a program said last, and leaves nothing behind', async () => {
    const broken = join(scratch, 'kube-apiserver');
    // Its own arguments tell the folder of the control plane.
    writeFileSync(broken, `#!/bin/sh\necho "$@" >${scratch}/arguments\necho "no: $2"\nexit 7\n`);
    chmodSync(broken, 0o755);
    await expect(start({ binaries: { ...binaries, 'kube-apiserver': broken } })).rejects.toMatchObject({
      code: 'CONTROL_PLANE_FAILED',
      message: 'kube-apiserver ended (exit code 7); the last lines of its log:\nno: --bind-address=127.0.0.1',
    });
    const folder = /--client-ca-file=(.*)\/certificates/.exec(readFileSync(join(scratch, 'arguments'), 'utf8'))?.[1];
    expect(listLeftovers(String(folder))).toEqual({ processes: [], folder: false });
  });

  it('names a program that cannot be started at all', async () => {
    await expect(start({ binaries: { ...binaries, etcd: join(scratch, 'etcd') } })).rejects.toThrow(
      /^etcd ended \(spawn .* ENOENT\)$/,
    );
  });

  it('tells when a program ends on its own', async () => {
    const plane = await start();
    process.kill(pidOf(plane.folder, 'etcd'), 'SIGKILL');
    expect((await plane.failed).message).toMatch(/^etcd ended \(SIGKILL\)/);
    await plane.stop();
  });

  it('leaves nothing behind even if its supervisor is killed', async () => {
    const plane = await start();
    process.kill(pidOf(plane.folder, 'supervisor.mjs'), 'SIGKILL');
    expect((await plane.failed).message).toMatch(/ended \(its supervisor ended: SIGKILL\)/);
    await until(() => processesIn(plane.folder).size === 0);
    expect(listLeftovers(plane.folder)).toEqual({ processes: [], folder: false });
  });
});
