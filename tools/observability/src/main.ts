// Gets promtool if it is missing, and prints where it is, so that later scripts need not wait for it.
import { NoToolError } from '@sriov/control-plane';
import { resolvePromtool } from './promtool.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const { path, source } = await resolvePromtool({ onProgress: say });
  say(`promtool comes from ${source}: ${path}`);
} catch (error) {
  if (!(error instanceof NoToolError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
