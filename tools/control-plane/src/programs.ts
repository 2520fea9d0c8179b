import { join } from 'node:path';
import { type Binaries } from './source.ts';
import { type ProgramRun } from './supervisor.ts';

/** Loopback ports of the programs. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

/** How etcd runs: its data need not survive a power cut, so it need not wait for the disk. */
export function etcdRun(binaries: Binaries, ports: Ports, folder: string): ProgramRun {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: 'etcd',
    command: binaries.etcd ?? '',
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync=true',
      '--log-level=warn',
    ],
  };
}

/** Files that the API server and the controller manager read. */
export interface CredentialFiles {
  readonly ca: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly signingKey: string;
  readonly signingPublicKey: string;
}

/** What the API server is asked to do beyond serving. */
export interface ApiServerDuties {
  /** Pods need a service account. */
  readonly serviceAccounts: boolean;
  /** A kubelet may read what its own pods need, and write its own node and its own pods. */
  readonly kubelets: boolean;
}

/** How the API server runs: RBAC as in a real cluster, authenticated by certificate or service account token. */
export function apiServerRun(
  binaries: Binaries,
  ports: Ports,
  files: CredentialFiles,
  duties: ApiServerDuties,
): ProgramRun {
  return {
    name: 'kube-apiserver',
    command: binaries['kube-apiserver'] ?? '',
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // The default one refuses a loopback address.
      '--endpoint-reconciler-type=none',
      `--secure-port=${ports.api}`,
      `--tls-cert-file=${files.serverCertificate}`,
      `--tls-private-key-file=${files.serverKey}`,
      `--client-ca-file=${files.ca}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${files.signingPublicKey}`,
      `--service-account-signing-key-file=${files.signingKey}`,
      ...(duties.kubelets
        ? ['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction']
        : ['--authorization-mode=RBAC']),
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged=true',
      // Pods would need a default service account, which only a controller makes.
      ...(duties.serviceAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ],
  };
}

/** Controllers that tests and the demo have a use for; none that needs a cloud. */
const CONTROLLERS = [
  'disruption-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'daemonset-controller',
  'deployment-controller',
  'replicaset-controller',
  'job-controller',
  'serviceaccount-controller',
  // The kubelet gives pods the authority of the API server from a ConfigMap that this one makes in each namespace.
  'root-ca-certificate-publisher-controller',
  'node-lifecycle-controller',
  'pod-garbage-collector-controller',
];

/** How the controller manager runs. */
export function controllerManagerRun(
  binaries: Binaries,
  ports: Ports,
  files: CredentialFiles & { readonly kubeconfig: string },
): ProgramRun {
  return {
    name: 'kube-controller-manager',
    command: binaries['kube-controller-manager'] ?? '',
    args: [
      `--kubeconfig=${files.kubeconfig}`,
      `--authentication-kubeconfig=${files.kubeconfig}`,
      `--authorization-kubeconfig=${files.kubeconfig}`,
      `--controllers=${CONTROLLERS.join(',')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.controllerManager}`,
      `--tls-cert-file=${files.serverCertificate}`,
      `--tls-private-key-file=${files.serverKey}`,
      `--service-account-private-key-file=${files.signingKey}`,
      `--root-ca-file=${files.ca}`,
    ],
  };
}

/** How the scheduler runs. */
export function schedulerRun(
  binaries: Binaries,
  ports: Ports,
  files: CredentialFiles & { readonly kubeconfig: string },
): ProgramRun {
  return {
    name: 'kube-scheduler',
    command: binaries['kube-scheduler'] ?? '',
    args: [
      `--kubeconfig=${files.kubeconfig}`,
      `--authentication-kubeconfig=${files.kubeconfig}`,
      `--authorization-kubeconfig=${files.kubeconfig}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.scheduler}`,
      `--tls-cert-file=${files.serverCertificate}`,
      `--tls-private-key-file=${files.serverKey}`,
    ],
  };
}
