import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CannotRunError, runTool } from '@sriov/control-plane';
import { buildImages, type BuildOptions, type Built, IMAGE_NAMES, layOutContext } from './build/build-images.ts';
import { downloadSize } from './oci/layout.ts';
import { type Architecture, ARCHITECTURES, IMAGES } from './recipe.ts';

const OUTPUT = join(import.meta.dirname, '../../../dist/images');

const HELP = `npm run images: builds the images of all services and of the command line, as OCI archives in dist/images

  --image NAME      build only this one; may be repeated. Images: ${IMAGE_NAMES.join(', ')}
  --arch NAME       build only for this architecture; may be repeated. Architectures: ${ARCHITECTURES.join(', ')}
  --registry NAME   what stands before the names of the images (default docker.io/sriov-operator, as in the chart)
  --base IMAGE      build on this image instead of our own base: a name with its digest, NAME@sha256:...
  --context         only lay out dist/images/context, from which the Dockerfile builds with any container engine
  --help

It needs no container engine. It needs root, and packages of Debian: it runs on Debian, on amd64.
`;

type Flags = Omit<BuildOptions, 'onProgress'> & { readonly contextOnly: boolean };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      image: { type: 'string', multiple: true, default: [...IMAGE_NAMES] },
      arch: { type: 'string', multiple: true, default: [...ARCHITECTURES] },
      registry: { type: 'string', default: 'docker.io/sriov-operator' },
      base: { type: 'string' },
      context: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { base, registry, context: contextOnly } = values;
  if (base !== undefined && !/@sha256:[0-9a-f]{64}$/.test(base)) {
    throw new Error(
      `--base ${base}: name the image with its digest, NAME@sha256:..., or it may be another one tomorrow`,
    );
  }
  return {
    images: IMAGES.filter(({ name }) => pick(values.image, IMAGE_NAMES, 'image').includes(name)),
    architectures: pick(values.arch, ARCHITECTURES, 'architecture') as Architecture[],
    ...{ into: OUTPUT, registry, base, contextOnly },
  };
}

function pick(given: readonly string[], known: readonly string[], what: string): readonly string[] {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no ${what} ${unknown}`);
  return known.filter((name) => given.includes(name));
}

function report(built: readonly Built[]): void {
  for (const { recipe, images, digest } of built) {
    const sizes = images.map((image) => `${image.architecture} ${inMb(downloadSize(image))} MB`);
    say(`${recipe.name.padEnd(18)} ${sizes.join(', ')} of ${recipe.limitMb} MB  ${digest}`);
  }
  say(`archives: ${OUTPUT}`);
}

const inMb = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** What is above its limit. */
function tooLarge(built: readonly Built[]): string[] {
  return built.flatMap(({ recipe, images }) =>
    images
      .filter((image) => downloadSize(image) > recipe.limitMb * 1e6)
      .map(({ architecture }) => `${recipe.name} for ${architecture} is larger than ${recipe.limitMb} MB`),
  );
}

await runTool<Flags>({
  help: HELP,
  readFlags,
  async run({ contextOnly, ...flags }) {
    const options = { ...flags, onProgress: say };
    const context = await layOutContext(join(OUTPUT, 'context'), options);
    if (contextOnly) {
      say(`context: ${context.folder}`);
      return 0;
    }
    const built = await buildImages(context, options);
    report(built);
    for (const name of ['context', 'layouts']) await rm(join(OUTPUT, name), { recursive: true });
    const problems = tooLarge(built);
    for (const problem of problems) say(problem);
    return problems.length === 0 ? 0 : 1;
  },
  exitCodeOf: (error) => (error instanceof CannotRunError ? 1 : undefined),
});
