// Gets helm if it is missing, and prints where it is, so that later scripts need not wait for it.
import { NoToolError } from '@sriov/control-plane';
import { resolveHelm } from './helm.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const { path, source } = await resolveHelm({ onProgress: say });
  say(`helm comes from ${source}: ${path}`);
} catch (error) {
  if (!(error instanceof NoToolError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
