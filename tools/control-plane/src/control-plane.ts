import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, messageOf } from '@sriov/errors';
import { type Access, adminRequest } from './admin-request.ts';
import { resolveBinaries } from './binaries.ts';
import { type KeyPair } from '@sriov/certificates';
import { createCredentials, type Credentials } from './credentials.ts';
import { findFreePort } from './free-port.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { apiServerRun, controllerManagerRun, etcdRun, type Ports, schedulerRun } from './programs.ts';
import { withProgress } from './progress.ts';
import { type Binaries } from './source.ts';
import { type ProgramEnd, type ProgramRun, Supervisor } from './supervisor.ts';
import { type Program } from './versions.ts';

/** What kind of control plane. */
export interface ControlPlaneOptions {
  /** Run the controller manager as well: owner references, namespaces, disruption budgets work then. */
  readonly controllerManager?: boolean;
  /** Pods need a service account, as in a real cluster. Runs the controller manager, which makes the default ones. */
  readonly serviceAccounts?: boolean;
  /**
   * Kubelets join: each may write only what is its own, and a scheduler gives them pods, which need service accounts.
   * {@link ControlPlane.kubeletCredentials} is how a kubelet says who it is.
   */
  readonly kubelets?: boolean;
  /** Further IP addresses for the server's certificate: somebody forwards from them to the loopback address. */
  readonly ipAddresses?: readonly string[];
  readonly onProgress?: (line: string) => void;
  /** Programs to run instead of those that are resolved. */
  readonly binaries?: Binaries;
  /** Where the ports come from. */
  readonly pickPort?: () => Promise<number>;
}

/** A control plane that could not start, or that ended on its own. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  readonly code = 'CONTROL_PLANE_FAILED';
}

/** Longest wait until a program serves. */
const READY_MS = 60_000;
const POLL_MS = 50;
/** Longest wait for one answer meanwhile: a stranger who has our port may never give one. */
const PROBE_MS = 2_000;
/** Someone may take a port between our finding it free and a program's binding it. */
const PORT_ATTEMPTS = 3;

/**
 * Starts etcd and an API server on free loopback ports, with certificates of their own, and waits until it serves.
 * They end with this process, however it ends, and leave nothing behind.
 * @throws {NoControlPlaneError} {@link ControlPlaneError}
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const onProgress = options.onProgress ?? (() => undefined);
  const binaries = options.binaries ?? (await findBinaries(options, onProgress));
  for (let attempt = 1; ; attempt += 1) {
    const plane = await ControlPlane.create(binaries, { ...options, onProgress });
    try {
      await plane.start();
      onProgress(`Kubernetes ${plane.version} serves at ${plane.server}`);
      return plane;
    } catch (error) {
      await plane.stop();
      if (attempt === PORT_ATTEMPTS || !messageOf(error).includes('address already in use')) throw error;
    }
  }
}

async function findBinaries(options: ControlPlaneOptions, onProgress: (line: string) => void): Promise<Binaries> {
  const alsoNeeds: Program[] = [];
  if (needsControllerManager(options)) alsoNeeds.push('kube-controller-manager');
  if (options.kubelets === true) alsoNeeds.push('kube-scheduler');
  const { binaries, source } = await resolveBinaries({ alsoNeeds, onProgress });
  onProgress(`took the programs from ${source}`);
  return binaries;
}

const needsServiceAccounts = (options: ControlPlaneOptions): boolean =>
  options.serviceAccounts === true || options.kubelets === true;
const needsControllerManager = (options: ControlPlaneOptions): boolean =>
  options.controllerManager === true || needsServiceAccounts(options);

/** What a control plane is made of before its programs run. */
interface Parts {
  readonly folder: string;
  readonly supervisor: Supervisor;
  readonly credentials: Credentials;
  readonly ports: Ports;
  readonly failed: Promise<ProgramEnd>;
  readonly binaries: Binaries;
  readonly options: ControlPlaneOptions & { readonly onProgress: (line: string) => void };
}

/** A running control plane. */
export class ControlPlane {
  readonly #parts: Parts;
  #end: ProgramEnd | undefined;
  /** Resolves when one of its programs ends that nobody stopped: the control plane is of little use then. */
  readonly failed: Promise<ControlPlaneError>;
  /** Kubernetes version, such as `v1.37.2`. */
  version = '';

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.failed = parts.failed.then((end) => {
      this.#end = end;
      return this.#failure(end.name, `${end.name} ended (${end.how})`);
    });
  }

  /** Prepares folder, ports and certificates. */
  static async create(binaries: Binaries, options: Parts['options']): Promise<ControlPlane> {
    let fail: (end: ProgramEnd) => void = () => undefined;
    const failed = new Promise<ProgramEnd>((resolve) => (fail = resolve));
    // One after the other without a pause: from its first moment on there is someone who removes the folder.
    const folder = mkdtempSync(join(tmpdir(), 'sriov-control-plane-'));
    const supervisor = new Supervisor(folder, fail);
    try {
      const credentials = await createCredentials(join(folder, 'certificates'), options.ipAddresses);
      const ports = await pickPorts(options.pickPort ?? findFreePort);
      return new ControlPlane({ folder, supervisor, credentials, ports, failed, binaries, options });
    } catch (error) {
      await supervisor.close();
      throw error;
    }
  }

  /** Address of the API server. */
  get server(): string {
    return `https://127.0.0.1:${this.#parts.ports.api}`;
  }

  /** A kubeconfig of an administrator. */
  get kubeconfigPath(): string {
    return join(this.folder, 'kubeconfig');
  }

  /** Folder of logs, certificates and data; gone when the control plane is. */
  get folder(): string {
    return this.#parts.folder;
  }

  /** For requests as administrator. */
  get access(): Access {
    return { server: this.server, ca: this.#parts.credentials.ca, admin: this.#parts.credentials.admin };
  }

  /** Certificate and key of the kubelet of a node: user `system:node:NAME` of the group `system:nodes`. */
  kubeletCredentials(nodeName: string): Promise<KeyPair> {
    return this.#parts.credentials.issueClient({ name: `system:node:${nodeName}`, group: 'system:nodes' });
  }

  /** kubectl where the programs' source has one; else whatever the PATH has. */
  get kubectl(): string {
    return this.#parts.binaries.kubectl ?? 'kubectl';
  }

  /** Starts the programs and waits for them. @throws {ControlPlaneError} with the last lines of a log. */
  async start(): Promise<void> {
    const { binaries, supervisor, ports, credentials, folder, options } = this.#parts;
    await this.#writeKubeconfig(this.kubeconfigPath);
    supervisor.start(etcdRun(binaries, ports, folder));
    await this.startApiServer();
    const { body } = await adminRequest(this.access, { method: 'GET', path: '/version' });
    this.version = (body as { gitVersion: string }).gitVersion;
    const files = { kubeconfig: this.kubeconfigPath, ...credentials.files };
    if (needsControllerManager(options)) {
      await this.#startClient(controllerManagerRun(binaries, ports, files), ports.controllerManager);
    }
    if (options.kubelets === true) await this.#startClient(schedulerRun(binaries, ports, files), ports.scheduler);
  }

  /** Starts the API server where it was stopped: same address, same data. */
  async startApiServer(): Promise<void> {
    const { binaries, ports, credentials, supervisor, options } = this.#parts;
    const duties = { serviceAccounts: needsServiceAccounts(options), kubelets: options.kubelets === true };
    supervisor.start(apiServerRun(binaries, ports, credentials.files, duties));
    await this.#waitUntilServing('kube-apiserver', { ...this.access, path: '/readyz' });
  }

  /** Starts a program that works through the API server, and waits until it serves its own health. */
  async #startClient(run: ProgramRun, port: number): Promise<void> {
    this.#parts.supervisor.start(run);
    const server = `https://127.0.0.1:${port}`;
    await this.#waitUntilServing(run.name, { ...this.access, server, path: '/healthz' });
  }

  /** Takes the API server away; etcd keeps the data. */
  async stopApiServer(): Promise<void> {
    await this.#parts.supervisor.stop('kube-apiserver');
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.#parts.supervisor.close();
  }

  /**
   * Writes the kubeconfig to a further file, which goes when the control plane does.
   * @throws {ControlPlaneError} when the file exists: it may be someone's only way into a cluster.
   */
  async writeKubeconfig(path: string): Promise<void> {
    try {
      await this.#writeKubeconfig(path);
    } catch (error) {
      const reason = hasCode(error, 'EEXIST') ? 'the file exists; name another one or remove it' : messageOf(error);
      throw new ControlPlaneError(`cannot write the kubeconfig to ${path}: ${reason}`, { cause: error });
    }
    this.#parts.supervisor.removeAtEnd(path);
  }

  async #writeKubeconfig(path: string): Promise<void> {
    const { server, access } = this;
    const text = kubeconfigText({ server, ca: access.ca, user: { name: 'admin', pair: access.admin } });
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  }

  async #waitUntilServing(name: string, target: Access & { readonly path: string }): Promise<void> {
    const { onProgress } = this.#parts.options;
    const deadline = Date.now() + READY_MS;
    await withProgress(
      (seconds) => onProgress(`waiting for ${name} for ${seconds} s`),
      async () => {
        while (!(await isServing(target))) {
          if (this.#end) throw await this.failed;
          if (Date.now() > deadline) throw await this.#failure(name, `${name} did not serve in ${READY_MS / 1000} s`);
          await delay(POLL_MS);
        }
      },
    );
  }

  async #failure(name: string, what: string): Promise<ControlPlaneError> {
    const log = await this.#parts.supervisor.logTail(name);
    return new ControlPlaneError(log === '' ? what : `${what}; the last lines of its log:\n${log}`);
  }
}

async function isServing({ path, ...access }: Access & { readonly path: string }): Promise<boolean> {
  try {
    return (await adminRequest(access, { method: 'GET', path, timeoutMs: PROBE_MS })).status === 200;
  } catch {
    return false;
  }
}

async function pickPorts(pickPort: () => Promise<number>): Promise<Ports> {
  const ports = new Set<number>();
  while (ports.size < 5) ports.add(await pickPort());
  const [etcd = 0, etcdPeer = 0, api = 0, controllerManager = 0, scheduler = 0] = ports;
  return { etcd, etcdPeer, api, controllerManager, scheduler };
}
