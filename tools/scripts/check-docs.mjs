// Checks that documents lead somewhere: every relative link, every heading behind a #, every path and file name in
// backticks, and every `npm run` script; and that every index is complete. It reads the Markdown files of the repository.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { outputOf, ROOT } from './run.mjs';

const files = outputOf('git', 'ls-files', '--cached', '--others', '--exclude-standard')
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const fileNames = new Set(files.map((file) => basename(file)));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** File names that documents give as an example, or that a program makes. */
const elsewhere = new Set([
  'policy.yaml',
  'policies.yaml',
  'networks.yaml',
  'fleet.yaml',
  'my-new-policy.yaml',
  'kustomization.yaml',
]);

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const CODE = /`([^`\n]+)`/g;
const PATH = /^(?:apps|libs|tools|charts|docs)\/[^\s:]+$/;
const FILE_NAME = /^[\w.-]+\.(?:ts|mjs|cjs|md|yaml)$/;
const SCRIPT = /\bnpm run ([\w:-]+\w)/g;
/** Folders that a build or a test makes. */
const GENERATED = /\/(?:dist|test-results)(?:\/|$)/;

/** Whether package.json has the script; `bench:*` names all whose names begin so. */
const isScript = (name) => Object.keys(scripts).some((script) => script === name || script.startsWith(`${name}:`));

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const read = (file) => readFileSync(join(ROOT, file), 'utf8');
const withoutBlocks = (text) => text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
const anchorsOf = (file) =>
  new Set([...withoutBlocks(read(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading)));

/** What is wrong with the target of a link in `file`, or undefined. */
function problemOfLink(file, target) {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path, anchor] = target.split('#');
  const linked = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, linked))) return `no such file: ${target}`;
  if (anchor !== undefined && !anchorsOf(linked).has(anchor)) return `no such heading: ${target}`;
  return undefined;
}

/** What is wrong with a piece of code in a text, or undefined. A path may hold `*`, and `<...>` or NAME for any name. */
function problemOfCode(code) {
  if (GENERATED.test(code)) return undefined;
  if (PATH.test(code)) {
    const pattern = code.replace(/\/$/, '').split(/\*+|<[^>]*>|(?<=\/)[A-Z]+(?=\/|$)/);
    const exact = new RegExp(
      `^${pattern.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)).join('[^/]*')}(?:/|$)`,
    );
    if (!files.some((file) => exact.test(file))) return `no such path: ${code}`;
  } else if (FILE_NAME.test(code) && !fileNames.has(code) && !elsewhere.has(code)) {
    return `no file of that name: ${code}`;
  }
  return undefined;
}

function problemsOf(file) {
  const text = read(file);
  const prose = withoutBlocks(text);
  return [
    ...[...prose.replace(CODE, '').matchAll(LINK)].map(([, target]) => problemOfLink(file, target)),
    ...[...prose.matchAll(CODE)].map(([, code]) => problemOfCode(code)),
    ...[...text.matchAll(SCRIPT)].map(([, name]) => (isScript(name) ? undefined : `no such script: npm run ${name}`)),
  ].filter((problem) => problem !== undefined);
}

/** A README under docs/ is the index of its folder: it links every document there. */
function problemsOfIndex(index) {
  const linked = new Set([...read(index).matchAll(LINK)].map(([, target]) => join(dirname(index), target)));
  const beside = files.filter((file) => file.endsWith('.md') && file !== index && dirname(file) === dirname(index));
  return beside.filter((file) => !linked.has(file)).map((file) => `no link to ${basename(file)}`);
}

const problems = files
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => {
    const found = [...problemsOf(file), ...(/^docs\/.*\bREADME\.md$/.test(file) ? problemsOfIndex(file) : [])];
    return found.map((problem) => `${file}: ${problem}`);
  });
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
