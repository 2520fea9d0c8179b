// Gets helm if it is not here yet, and says where it is: for scripts that need it later, without a wait then.
import { NoHelmError, resolveHelm } from './helm.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const { path, source } = await resolveHelm({ onProgress: say });
  say(`helm comes from ${source}: ${path}`);
} catch (error) {
  if (!(error instanceof NoHelmError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
