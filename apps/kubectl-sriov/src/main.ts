import { hasCode, messageOf } from '@sriov/errors';
import { EXIT, run } from './run.ts';

// A reader such as `head` that has seen enough closes the pipe. That is no error.
process.stdout.on('error', (error) => {
  if (hasCode(error, 'EPIPE')) return;
  console.error(`error: the result cannot be written: ${messageOf(error)}`);
  process.exit(EXIT.unusable);
});

try {
  process.exitCode = await run(process.argv.slice(2), process);
} catch (error) {
  // A bug of ours. Node.js would also print the source line, which in a bundle is the whole program.
  console.error(error);
  process.exitCode = EXIT.unusable;
}
