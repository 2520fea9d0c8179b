import { parseArgs } from 'node:util';
import { NoControlPlaneError, resolveBinaries } from './binaries.ts';
import { ControlPlaneError, startControlPlane } from './control-plane.ts';
import { runTool } from './run-tool.ts';

const HELP = `npm run control-plane: runs a Kubernetes API server on this machine until Ctrl-C

  --controller-manager   also run kube-controller-manager
  --service-accounts     require a service account for pods, as in a real cluster (runs the controller manager)
  --kubeconfig FILE      also write the kubeconfig to FILE, which must not exist yet
  --resolve-only         get the programs if they are missing, and exit
  --help
`;

interface Flags {
  readonly controllerManager: boolean;
  readonly serviceAccounts: boolean;
  readonly kubeconfig: string | undefined;
  readonly resolveOnly: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws Error that says what is wrong with the arguments. */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'controller-manager': { type: 'boolean', default: false },
      'service-accounts': { type: 'boolean', default: false },
      kubeconfig: { type: 'string' },
      'resolve-only': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.kubeconfig === '') throw new Error("Option '--kubeconfig' needs the name of a file");
  if (values['resolve-only'] && values.kubeconfig !== undefined) {
    throw new Error(
      "Options '--resolve-only' and '--kubeconfig' exclude each other: no API server runs that a kubeconfig could lead to",
    );
  }
  if (values.help) return undefined;
  return {
    controllerManager: values['controller-manager'],
    serviceAccounts: values['service-accounts'],
    kubeconfig: values.kubeconfig,
    resolveOnly: values['resolve-only'],
  };
}

async function resolveOnly({ controllerManager, serviceAccounts }: Flags): Promise<void> {
  const { source, binaries } = await resolveBinaries({
    onProgress: say,
    alsoNeeds: controllerManager || serviceAccounts ? ['kube-controller-manager'] : [],
  });
  say(`the programs of the control plane come from ${source}`);
  for (const path of Object.values(binaries)) say(`  ${path}`);
}

/** Runs until a signal ends it. @throws {ControlPlaneError} when a program ends first. */
async function keepUp({ controllerManager, serviceAccounts, kubeconfig }: Flags): Promise<void> {
  const plane = await startControlPlane({ controllerManager, serviceAccounts, onProgress: say });
  try {
    if (kubeconfig !== undefined) await plane.writeKubeconfig(kubeconfig);
    const path = kubeconfig ?? plane.kubeconfigPath;
    const end = Promise.race([plane.failed, untilSignal('SIGINT'), untilSignal('SIGTERM')]);
    say(`logs and data: ${plane.folder}`);
    say(`kubeconfig: ${path}`);
    say(`try: ${plane.kubectl} --kubeconfig ${path} get namespaces`);
    say('Ctrl-C stops it and removes everything');
    // The supervisor does not keep this process alive, so a timer does.
    const keepAlive = setInterval(() => undefined, 60_000);
    const failure = await end;
    clearInterval(keepAlive);
    if (failure instanceof Error) throw failure;
  } finally {
    await plane.stop();
  }
}

/** Faults of the machine: no programs, no control plane, a full disk. Every other error is a bug. */
function isExpected(error: unknown): boolean {
  if (error instanceof NoControlPlaneError || error instanceof ControlPlaneError) return true;
  return error instanceof Error && 'syscall' in error;
}

await runTool({
  help: HELP,
  readFlags,
  async run(flags) {
    if (flags.resolveOnly) await resolveOnly(flags);
    else await keepUp(flags);
    return 0;
  },
  exitCodeOf: (error) => (isExpected(error) ? 1 : undefined),
});

function untilSignal(signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => process.once(signal, () => resolve()));
}
