import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Access, adminRequest } from './admin-request.ts';
import { resolveBinaries } from './binaries.ts';
import { createCredentials, type Credentials } from './credentials.ts';
import { findFreePort } from './free-port.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { apiServerRun, controllerManagerRun, etcdRun, type Ports } from './programs.ts';
import { type Binaries } from './source.ts';
import { Supervisor } from './supervisor.ts';

/** What kind of control plane. */
export interface ControlPlaneOptions {
  /** Run the controller manager as well: owner references, namespaces, disruption budgets work then. */
  readonly controllerManager?: boolean;
  readonly onProgress?: (line: string) => void;
}

/** A control plane that could not start. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  readonly code = 'CONTROL_PLANE_FAILED';
}

/** Longest wait until the API server serves. */
const READY_MS = 60_000;
/** Someone may take a port between our finding it free and a program's binding it. */
const PORT_ATTEMPTS = 3;

/**
 * Starts etcd and an API server on free loopback ports, with certificates of their own, and waits until it serves.
 * They end with this process, however it ends, and leave nothing behind.
 * @throws {NoControlPlaneError} {@link ControlPlaneError}
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const onProgress = options.onProgress ?? (() => undefined);
  const alsoNeeds = options.controllerManager === true ? (['kube-controller-manager'] as const) : [];
  const { binaries, source } = await resolveBinaries({ alsoNeeds, onProgress });
  onProgress(`took the programs from ${source}`);
  for (let attempt = 1; ; attempt += 1) {
    const plane = await ControlPlane.create(binaries);
    try {
      await plane.start();
      onProgress(`the API server ${plane.version} serves at ${plane.server}`);
      return plane;
    } catch (error) {
      const lostPort = error instanceof Error && error.message.includes('address already in use');
      await plane.stop();
      if (!lostPort || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** A running control plane. */
export class ControlPlane {
  readonly #supervisor: Supervisor;
  readonly #binaries: Binaries;
  readonly #credentials: Credentials;
  readonly #ports: Ports;
  readonly #folder: string;
  /** Kubernetes version, such as `v1.37.2`. */
  version = '';

  private constructor(parts: { folder: string; binaries: Binaries; credentials: Credentials; ports: Ports }) {
    this.#folder = parts.folder;
    this.#binaries = parts.binaries;
    this.#credentials = parts.credentials;
    this.#ports = parts.ports;
    this.#supervisor = new Supervisor(parts.folder);
  }

  /** Prepares folder, ports and certificates. */
  static async create(binaries: Binaries): Promise<ControlPlane> {
    const folder = await mkdtemp(join(tmpdir(), 'sriov-control-plane-'));
    const credentials = await createCredentials(join(folder, 'certificates'));
    const [etcd, etcdPeer, api, controllerManager] = await Promise.all([
      findFreePort(),
      findFreePort(),
      findFreePort(),
      findFreePort(),
    ]);
    return new ControlPlane({ folder, binaries, credentials, ports: { etcd, etcdPeer, api, controllerManager } });
  }

  /** Address of the API server. */
  get server(): string {
    return `https://127.0.0.1:${this.#ports.api}`;
  }

  /** A kubeconfig of an administrator. */
  get kubeconfigPath(): string {
    return join(this.#folder, 'kubeconfig');
  }

  /** Folder of logs, certificates and data; gone when the control plane is. */
  get folder(): string {
    return this.#folder;
  }

  /** For requests as administrator. */
  get access(): Access {
    return { server: this.server, ca: this.#credentials.ca, admin: this.#credentials.admin };
  }

  /** Starts the programs and waits for the API server. @throws {ControlPlaneError} with the last lines of its log. */
  async start(): Promise<void> {
    const { server, access } = this;
    const user = { name: 'admin', pair: access.admin };
    await writeFile(this.kubeconfigPath, kubeconfigText({ server, ca: access.ca, user }), { mode: 0o600 });
    this.#supervisor.start(etcdRun(this.#binaries, this.#ports, this.#folder));
    await this.startApiServer();
    const { body } = await adminRequest(access, { method: 'GET', path: '/version' });
    this.version = (body as { gitVersion: string }).gitVersion;
    const manager = controllerManagerRun(this.#binaries, this.#ports, {
      kubeconfig: this.kubeconfigPath,
      ...this.#credentials.files,
    });
    if (manager) this.#supervisor.start(manager);
  }

  /** Starts the API server where it was stopped: same address, same data. */
  async startApiServer(): Promise<void> {
    this.#supervisor.start(apiServerRun(this.#binaries, this.#ports, this.#credentials.files));
    const deadline = Date.now() + READY_MS;
    while (!(await this.#isReady())) {
      for (const name of ['etcd', 'kube-apiserver']) {
        if (this.#supervisor.hasEnded(name)) throw await this.#failure(name, `${name} ended`);
      }
      if (Date.now() > deadline) throw await this.#failure('kube-apiserver', `no answer within ${READY_MS / 1000} s`);
      await delay(50);
    }
  }

  /** Takes the API server away; etcd keeps the data. */
  async stopApiServer(): Promise<void> {
    await this.#supervisor.stop('kube-apiserver');
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.#supervisor.close();
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await adminRequest(this.access, { method: 'GET', path: '/readyz' })).status === 200;
    } catch {
      return false;
    }
  }

  async #failure(name: string, what: string): Promise<ControlPlaneError> {
    return new ControlPlaneError(`${what}; the last lines of its log:\n${await this.#supervisor.logTail(name)}`);
  }
}
