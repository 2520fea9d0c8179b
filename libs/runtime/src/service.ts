import { z } from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { Health } from './health.ts';
import { startObservationServer } from './http-server.ts';
import { createLogger, LOG_LEVELS, type Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { ServiceError } from './service-error.ts';
import { readSettings, type SettingsDefinition } from './settings.ts';

/** Settings that every service has. */
export const serviceSettings = {
  listen: z.string().default(':8081').describe('Address of /healthz, /readyz and /metrics, host:port or :port'),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe(`Least level of log lines: ${LOG_LEVELS.join(', ')}`),
  kubeconfig: z.string().optional().describe('kubeconfig file; inside a cluster the service account is used'),
};

/** What the process shell gives to a service. */
export interface ServiceContext<T> {
  readonly settings: T;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  /** Aborts on SIGTERM or SIGINT: stop taking work, finish what was begun, return. */
  readonly signal: AbortSignal;
}

/** A service: its settings, and the function that runs it until the signal aborts. */
export interface ServiceDefinition<S extends z.ZodObject> extends SettingsDefinition<S> {
  run(context: ServiceContext<z.output<S>>): Promise<void>;
}

/** How long a service may take to stop before the process ends all the same. */
const STOP_DEADLINE_MS = 25_000;

type BaseSettings = z.output<z.ZodObject<typeof serviceSettings>>;

/**
 * Runs a service as this process: reads settings, serves health and metrics, stops on SIGTERM and SIGINT.
 * Exit codes: 0 stopped, 1 failed, 2 wrong settings. Known failures are one line on stderr, others are logged
 * with their stack.
 */
export async function runService<S extends z.ZodObject<typeof serviceSettings & z.core.$ZodLooseShape>>(
  definition: ServiceDefinition<S>,
): Promise<void> {
  try {
    const read = readSettings(definition, { argv: process.argv.slice(2), env: process.env });
    if ('help' in read) {
      process.stdout.write(read.help);
      return;
    }
    await runWithSettings(definition, read.settings);
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = reportFailure(definition.program, error);
  }
  // What still runs now is abandoned work, such as a write that is blocked in the kernel.
  process.exit();
}

async function runWithSettings<S extends z.ZodObject>(
  definition: ServiceDefinition<S>,
  settings: z.output<S>,
): Promise<void> {
  const base = settings as BaseSettings;
  const log = createLogger({ service: definition.program, level: base.logLevel });
  const metrics = new Metrics();
  metrics.collectProcess();
  const health = new Health();
  const server = await startObservationServer(base.listen, { health, metrics });
  const stop = new AbortController();
  handleSignals(log, stop);
  log.info({ port: server.port }, 'started');
  try {
    await definition.run({ settings, log, metrics, health, clock: systemClock, signal: stop.signal });
  } finally {
    await server.close();
  }
  log.info('stopped');
}

function handleSignals(log: Logger, stop: AbortController): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      log.info({ signal: name }, 'stopping');
      stop.abort();
      setTimeout(() => {
        log.error({ deadlineMs: STOP_DEADLINE_MS }, 'did not stop in time');
        process.exit(1);
      }, STOP_DEADLINE_MS).unref();
    });
  }
}

function reportFailure(program: string, error: unknown): number {
  if (error instanceof ServiceError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  createLogger({ service: program, level: 'fatal' }).fatal({ err: error }, 'failed for an unknown reason');
  return 1;
}
