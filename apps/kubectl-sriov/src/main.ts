import { hasCode, messageOf } from '@sriov/errors';
import { EXIT, run } from './run.ts';

// A reader that has seen enough, such as head, is no fault.
process.stdout.on('error', (error) => {
  if (hasCode(error, 'EPIPE')) return;
  console.error(`error: the result cannot be written: ${messageOf(error)}`);
  process.exit(EXIT.unusable);
});

try {
  process.exitCode = await run(process.argv.slice(2), process);
} catch (error) {
  // A fault of ours. Node would print the source line with it, which in a bundle is the whole program.
  console.error(error);
  process.exitCode = EXIT.unusable;
}
