import { z } from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { Health } from './health.ts';
import { isAddress, NO_ADDRESS, startObservationServer } from './http-server.ts';
import { createLogger, LOG_LEVELS, type Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { type Neighbours } from './neighbours.ts';
import { ServiceError } from './service-error.ts';
import { readSettings, type SettingsDefinition } from './settings.ts';
import { stopOnSignals } from './stop-signals.ts';

/** Settings that every process of the operator has. */
export const processSettings = {
  listen: z
    .string()
    .refine(isAddress, NO_ADDRESS)
    .default(':8081')
    .describe('Address of /livez, /healthz, /readyz and /metrics, host:port or :port'),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe(`Lowest level that is logged: ${LOG_LEVELS.join(', ')}`),
};

/** Settings that every service has that talks to the API server. */
export const serviceSettings = {
  ...processSettings,
  kubeconfig: z.string().optional().describe('kubeconfig file; by default the service account of the pod'),
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
  /**
   * True when the service does one task with these settings and ends. Nobody probes it, so it opens no port, which a
   * running service may need.
   */
  isOneShot?(settings: z.output<S>): boolean;
  /** Processes of the same host whose metrics it passes on, because nobody else reaches them. */
  neighbours?(settings: z.output<S>): Neighbours;
  /** A second process may listen on the same port: a successor starts before this one ends. */
  readonly sharesPort?: true;
  /** It runs on every node and mostly waits: it must not wake up without need. */
  readonly isQuiet?: true;
  /**
   * Longest time from the signal to stop until {@link run} returns; 25 s unless given, after which the process ends all the
   * same. The chart has to leave the pod more than that: `terminationGracePeriodSeconds`, 30 unless given.
   */
  readonly stopDeadlineMs?: number;
  run(context: ServiceContext<z.output<S>>): Promise<void>;
}

/** A settings schema that has at least {@link processSettings}. */
export type ServiceSchema = z.ZodObject<typeof processSettings & z.core.$ZodLooseShape>;

/**
 * Runs a service as this process: reads settings, serves health and metrics, stops on SIGTERM and SIGINT.
 * Exit codes: 0 stopped, 1 failed, 2 wrong settings. Known failures are one line on stderr, others are logged
 * with their stack.
 * @param argv arguments behind the program's name, and behind that of one of its commands
 */
export async function runService<S extends ServiceSchema>(
  definition: ServiceDefinition<S>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  process.on('uncaughtException', (error) => process.exit(reportFailure(definition.program, error)));
  try {
    const read = readSettings(definition, { argv, env: process.env });
    if ('text' in read) process.stdout.write(read.text);
    else await serve(definition, read.settings, stopOnSignals(process, systemClock, definition.stopDeadlineMs));
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = reportFailure(definition.program, error);
  }
  // What still runs now is abandoned work, such as a write that is blocked in the kernel.
  process.exit();
}

/** Runs a service with given settings until `signal` aborts; the part of {@link runService} that tests run as well. */
export async function serve<S extends ServiceSchema>(
  definition: ServiceDefinition<S>,
  settings: z.output<S>,
  signal: AbortSignal,
): Promise<void> {
  const { listen, logLevel } = settings as z.output<z.ZodObject<typeof processSettings>>;
  const log = createLogger({ service: definition.program, level: logLevel });
  const metrics = new Metrics();
  metrics.collectProcess(definition.isQuiet);
  const health = new Health();
  signal.addEventListener('abort', () => health.addReadiness('process', () => 'is stopping'), { once: true });
  const context = { settings, log, metrics, health, clock: systemClock, signal };
  if (definition.isOneShot?.(settings) === true) return definition.run(context);
  const sources = { health, metrics, neighbours: definition.neighbours?.(settings) };
  const server = await startObservationServer(listen, sources, { sharesPort: definition.sharesPort });
  log.info({ port: server.port }, 'started');
  try {
    await definition.run(context);
  } finally {
    await server.close();
  }
  log.info('stopped');
}

function reportFailure(program: string, error: unknown): number {
  if (error instanceof ServiceError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  createLogger({ service: program, level: 'fatal' }).fatal({ err: error }, 'failed for an unknown reason');
  return 1;
}
