import { copyFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { NoControlPlaneError, resolveBinaries } from './binaries.ts';
import { ControlPlaneError, startControlPlane } from './control-plane.ts';

const HELP = `npm run control-plane: keeps a Kubernetes API server up on this machine, for work by hand

  --controller-manager   run kube-controller-manager as well
  --kubeconfig FILE      write the kubeconfig there too
  --resolve-only         get the programs if they are not here yet, and end
  --help
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const flags = readFlags();
  if (flags === undefined) return 2;
  if (flags.help === true) {
    say(HELP);
    return 0;
  }
  const controllerManager = flags['controller-manager'] === true;
  if (flags['resolve-only'] === true) {
    const { source } = await resolveBinaries({
      onProgress: say,
      alsoNeeds: controllerManager ? ['kube-controller-manager'] : [],
    });
    say(`the programs of the control plane come from ${source}`);
    return 0;
  }
  const plane = await startControlPlane({ controllerManager, onProgress: say });
  if (flags.kubeconfig !== undefined) await copyFile(plane.kubeconfigPath, flags.kubeconfig);
  say(`try: kubectl --kubeconfig ${flags.kubeconfig ?? plane.kubeconfigPath} get --raw /version`);
  say('Ctrl-C ends it and removes everything');
  // The supervisor keeps nothing alive, so something has to.
  const keepAlive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  clearInterval(keepAlive);
  await plane.stop();
  return 0;
}

function readFlags(): { [name: string]: string | boolean | undefined; kubeconfig?: string } | undefined {
  try {
    return parseArgs({
      options: {
        'controller-manager': { type: 'boolean' },
        kubeconfig: { type: 'string' },
        'resolve-only': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return undefined;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof NoControlPlaneError || error instanceof ControlPlaneError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
