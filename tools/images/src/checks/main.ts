import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OPERATOR_VERSION } from '@sriov/api';
import { CannotRunError, type ControlPlane, runTool, startControlPlane } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { Report } from '@sriov/vm';
import { buildImages, type BuildOptions, type Built, layOutContext } from '../build/build-images.ts';
import { type BuiltImage, downloadSize } from '../oci/layout.ts';
import { type Architecture, ARCHITECTURES, IMAGES, NODE } from '../recipe.ts';
import { Container } from './container.ts';
import { findFaults } from './contents.ts';
import { becomeReady, prepareCluster } from './readiness.ts';

const HELP = `npm run test:images: builds all images twice, and checks what is in them and that they run

  --arch NAME   only this architecture; may be repeated. Architectures: ${ARCHITECTURES.join(', ')}
  --once        do not build them a second time
  --help

Exit codes: 0 everything passed, or this machine cannot build images (it prints the reason); 1 something failed; 2 wrong flags.
`;

/** Commands of an image, and what they print. */
type Commands = readonly (readonly [string, RegExp])[];

const HOST_COMMANDS: Commands = [
  ['ip -V', /iproute2/],
  ['devlink -V', /iproute2/],
  ['rdma -V', /iproute2/],
  ['vdpa -V', /iproute2/],
  ['bridge -V', /bridge utility/],
  ['ethtool --version', /ethtool version/],
  ['modprobe --version', /kmod version/],
  ['lsmod --version', /kmod version/],
  ['udevadm --version', /^\d+/],
  ['lspci --version', /lspci version/],
  ['mstconfig --version', /mstflint/],
  ['mstflint --version', /mstflint/],
  ['chroot --version', /coreutils/],
];
const PLUGIN_COMMANDS: Commands = [
  ...HOST_COMMANDS.filter(([command]) => /^(ip|devlink|vdpa|udevadm) /.test(command)),
  // What the chart's probe runs.
  ['cat --version', /coreutils/],
];

function commandsOf(name: string): Commands {
  if (name === 'config-daemon') return HOST_COMMANDS;
  return name === 'device-plugin' ? PLUGIN_COMMANDS : [];
}

interface Flags {
  readonly architectures: readonly Architecture[];
  readonly once: boolean;
}

const begin = Date.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tell = (line: string): void => say(`${((Date.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${line}`);

/** @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: 'string', multiple: true, default: [...ARCHITECTURES] },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = values.arch.find((name) => !ARCHITECTURES.some((each) => each === name));
  if (unknown !== undefined) throw new Error(`there is no architecture ${unknown}`);
  if (values.help) return undefined;
  return { architectures: ARCHITECTURES.filter((each) => values.arch.includes(each)), once: values.once };
}

async function build(into: string, { architectures }: Flags): Promise<Built[]> {
  const registry = 'localhost/sriov-operator';
  const options: BuildOptions = { architectures, images: IMAGES, into, registry, onProgress: tell };
  const context = await layOutContext(join(into, 'context'), options);
  try {
    return await buildImages(context, options);
  } finally {
    await rm(context.folder, { recursive: true });
  }
}

/** Runs a check, and goes on whatever it finds. */
async function check(report: Report, name: string, run: () => Promise<string | undefined>): Promise<void> {
  const start = Date.now();
  const failure = await run().catch(messageOf);
  report.record({ name, ms: Date.now() - start, failure });
}

async function checkImage(report: Report, { recipe }: Built, image: BuiltImage, work: string): Promise<Container> {
  const { name, limitMb } = recipe;
  const title = `${name} (${image.architecture})`;
  const megabytes = downloadSize(image) / 1e6;
  await check(report, `${title}: ${megabytes.toFixed(1)} MB, at most ${limitMb}`, async () =>
    Promise.resolve(megabytes <= limitMb ? undefined : 'it is larger'),
  );
  const isOnNode = name === 'config-daemon' || name === 'device-plugin';
  await check(report, `${title}: runs as ${isOnNode ? 'root' : 'nobody in particular'}`, async () =>
    Promise.resolve(image.user === (isOnNode ? '0:0' : '65532:65532') ? undefined : `it runs as ${image.user}`),
  );
  const container = await Container.unpack(image, work);
  await check(report, `${title}: has no shell, no package manager, nothing foreign`, async () => {
    const faults = await findFaults(container.root, image.architecture);
    return faults.length === 0 ? undefined : faults.join('\n');
  });
  return container;
}

/** What needs a processor of the image's architecture. */
async function runImage(report: Report, plane: ControlPlane, built: Built, container: Container): Promise<void> {
  const { name } = built.recipe;
  await check(report, `${name}: tells its version`, async () => {
    const text = await container.run({ args: ['--version'] });
    const expected = `${name} ${OPERATOR_VERSION}, Node.js v${NODE.version}\n`;
    return text === (name === 'kubectl-sriov' ? `${OPERATOR_VERSION}\n` : expected) ? undefined : `it says ${text}`;
  });
  await check(report, `${name}: starts with the code that V8 has compiled before`, async () => {
    const told: string[] = [];
    const env = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    await container.run({ args: ['--version'], env }, (line) => told.push(line));
    return told.some((line) => line.includes('was accepted')) ? undefined : told.join('\n');
  });
  const user = built.images[0]?.user ?? '';
  if (name !== 'kubectl-sriov') {
    await check(report, `${name}: becomes ready with a read-only root file system`, async () => {
      report.show(`${name}: ${await becomeReady(plane, { name, container, user })} ms`);
      return undefined;
    });
  }
  for (const [command, expected] of commandsOf(name)) {
    await check(report, `${name}: has ${command.split(' ')[0]}`, async () => {
      const text = await container.run({ entrypoint: command.split(' ') });
      return expected.test(text) ? undefined : `it says ${text}`;
    });
  }
}

async function checkBuilt(
  report: Report,
  { plane, work }: { readonly plane: ControlPlane; readonly work: string },
  built: Built,
): Promise<void> {
  for (const image of built.images) {
    const container = await checkImage(report, built, image, work);
    if (image.architecture === 'amd64') await runImage(report, plane, built, container);
    await rm(container.root, { recursive: true });
  }
}

async function checkTwice(report: Report, first: readonly Built[], work: string, flags: Flags): Promise<void> {
  const second = await build(join(work, 'second'), flags);
  for (const [index, { recipe, digest, archive }] of first.entries()) {
    await check(report, `${recipe.name}: has the same digest when it is built again`, async () => {
      const again = second[index];
      if (again?.digest !== digest) return `${digest} and ${again?.digest}`;
      return (await readFile(archive)).equals(await readFile(again.archive)) ? undefined : 'the archives differ';
    });
  }
}

async function checkAll(report: Report, flags: Flags): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'sriov-images-checks-'));
  try {
    const built = await build(join(work, 'first'), flags);
    tell('built once');
    const plane = await startControlPlane({ controllerManager: true, onProgress: tell });
    try {
      await prepareCluster(plane);
      for (const each of built) await checkBuilt(report, { plane, work }, each);
    } finally {
      await plane.stop();
    }
    tell('checked');
    if (!flags.once) await checkTwice(report, built, work, flags);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

await runTool<Flags>({
  help: HELP,
  readFlags,
  async run(flags) {
    const report = new Report(tell);
    try {
      await checkAll(report, flags);
    } catch (error) {
      if (!(error instanceof CannotRunError)) throw error;
      say(`This machine cannot build images: ${error.message}`);
    }
    say(`images: ${report.passed} passed, ${report.failed} failed`);
    return report.failed > 0 ? 1 : 0;
  },
  exitCodeOf: () => undefined,
});
