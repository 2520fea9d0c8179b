import { Readable } from 'node:stream';
import { run } from '../run.ts';

/** What a run of the program printed, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in this process, with the text as its standard input. */
export async function runWith(stdin: string, ...argv: string[]): Promise<Ran> {
  const printed = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): { write(text: string): void } => ({
    write(text) {
      printed[name] += text;
    },
  });
  const exitCode = await run(argv, { stdin: Readable.from([stdin]), stdout: sink('stdout'), stderr: sink('stderr') });
  return { exitCode, ...printed };
}

/** Runs a command on objects, which come as JSON on standard input. */
export async function runOn(objects: readonly object[], ...argv: string[]): Promise<Ran> {
  const [command = '', ...options] = argv;
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  return runWith(JSON.stringify(list), command, '-f', '-', ...options);
}

const API_VERSION = 'sriovnetwork.openshift.io/v1';
const NAMESPACE = 'sriov-system';

/** Options that all cases share. */
export const OPTIONS = ['--operator-namespace', NAMESPACE];

/** An object of ours in the operator's namespace, unless its metadata say otherwise. */
export function object(kind: string, about: string | object, spec: object): object {
  const metadata = typeof about === 'string' ? { name: about } : about;
  return { apiVersion: API_VERSION, kind, metadata: { namespace: NAMESPACE, ...metadata }, spec };
}

/** A policy for every node, 4 VFs of `r` unless `spec` says otherwise. */
export function policy(name: string, spec: object): object {
  return object('SriovNetworkNodePolicy', name, {
    resourceName: 'r',
    nodeSelector: {},
    nicSelector: {},
    numVfs: 4,
    ...spec,
  });
}

/** A Linux worker. */
export function node(name: string, labels: object = {}): object {
  const worker = { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/os': 'linux' };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { ...worker, ...labels } } };
}

/** An Intel port that can have 64 VFs. */
export function port(name: string, pciAddress: string, rest: object = {}): object {
  return { name, pciAddress, vendor: '8086', deviceID: '1592', totalvfs: 64, ...rest };
}

/** The two ports that most cases are about; the first has an alternative name. */
export const PORTS = [port('ens2f0', '0000:3b:00.0', { altNames: ['left'] }), port('ens2f1', '0000:3b:00.1')];

/** What the node's daemon has reported. */
export function nodeState(name: string, interfaces: readonly object[], spec: object = {}): object {
  return { ...object('SriovNetworkNodeState', name, spec), status: { interfaces } };
}
