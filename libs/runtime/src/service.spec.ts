import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { serve, type ServiceContext, serviceSettings } from './service.ts';

jest.setTimeout(30_000);

const lineSchema = z.looseObject({ level: z.string(), msg: z.string(), port: z.number().optional() });
type Line = z.output<typeof lineSchema>;

/** The example service as a process of its own. */
class Pump {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(...args: string[]) {
    const program = join(import.meta.dirname, 'test/example-service.ts');
    const env = { PATH: process.env['PATH'] ?? '' };
    this.child = spawn(process.execPath, ['--import', 'tsx', program, '--listen=127.0.0.1:0', ...args], { env });
    this.child.stdout?.on('data', (chunk) => (this.stdout += String(chunk)));
    this.child.stderr?.on('data', (chunk) => (this.stderr += String(chunk)));
    this.#ended = once(this.child, 'close');
    pumps.push(this);
  }

  get lines(): Line[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => lineSchema.parse(JSON.parse(line)));
  }

  /** Resolves with the line when it has been written. */
  async said(message: string): Promise<Line> {
    for (;;) {
      const line = this.lines.find(({ msg }) => msg === message);
      if (line) return line;
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stdout}${this.stderr}`);
      await Promise.race([once(this.child.stdout ?? this.child, 'data'), this.#ended]);
    }
  }

  /** Exit code, or the signal that ended it. */
  async ended(): Promise<unknown> {
    const [code, signal] = await this.#ended;
    return code ?? signal;
  }
}

const pumps: Pump[] = [];
afterEach(() => {
  for (const { child } of pumps.splice(0)) child.kill('SIGKILL');
});

describe('a service as a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit code 0, whatever timers are left', async (signal) => {
    const pump = new Pump();
    await pump.said('started');
    pump.child.kill(signal);
    expect(await pump.ended()).toBe(0);
    expect(pump.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual(['info started', 'info stopped']);
    expect(pump.stderr).toBe('');
  });

  it('is alive from the start, and ready when its checks pass', async () => {
    const pump = new Pump();
    const { port } = await pump.said('started');
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'pump: is not primed\n']);
    expect((await get('/metrics'))[1]).toContain('process_cpu_seconds_total');
    pump.child.kill('SIGUSR2');
    await pump.said('primed');
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
  });

  it('writes log lines with time, level, service and message', async () => {
    const pump = new Pump();
    expect(await pump.said('started')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'pump',
      port: expect.any(Number),
      msg: 'started',
    });
  });

  it('says in one line which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const pump = new Pump(`--listen=127.0.0.1:${port}`);
    expect(await pump.ended()).toBe(1);
    other.close();
    expect([pump.stdout, pump.stderr]).toEqual([
      '',
      `cannot listen on 127.0.0.1:${port}: another process uses the port\n`,
    ]);
  });

  it('names every wrong setting and ends with 2', async () => {
    const pump = new Pump('--rate=fast', '--behave=oddly', '--listen=8081', '--speed', 'more', '--log-level');
    expect(await pump.ended()).toBe(2);
    expect(pump.stdout).toBe('');
    expect(pump.stderr.split('\n').slice(1, -2).sort()).toEqual([
      '  "more": only flags are taken',
      '  --behave (or BEHAVE): Invalid option: expected one of "well"|"fail"|"break"|"leak"|"hang" (given: "oddly")',
      '  --listen (or LISTEN): is not an address of the form host:port or :port (given: "8081")',
      '  --log-level: needs a value',
      '  --rate (or RATE): "fast" is not a number',
      '  --speed: there is no such setting',
    ]);
  });

  it('prints its help and ends with 0', async () => {
    const pump = new Pump('--help');
    expect(await pump.ended()).toBe(0);
    expect(pump.stdout).toContain('--rate VALUE');
  });

  it('ends with 1 and the sentence of a known failure', async () => {
    const pump = new Pump('--behave=fail');
    expect(await pump.ended()).toBe(1);
    expect(pump.stderr).toBe('there is no water in the well\n');
  });

  it.each([
    ['break', 'undefined is not a pump'],
    ['leak', 'nobody waits for this'],
  ])('ends with 1 and logs where it happened when it has a bug (%s)', async (behave, message) => {
    const pump = new Pump(`--behave=${behave}`);
    expect(await pump.ended()).toBe(1);
    expect(pump.stderr).toBe('');
    expect(pump.lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'failed for an unknown reason',
      err: { message, stack: expect.stringContaining('example-service.ts') },
    });
  });

  it('that does not stop ends on a second signal', async () => {
    const pump = new Pump('--behave=hang');
    const { port } = await pump.said('started');
    pump.child.kill('SIGTERM');
    const readiness = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
    while (!(await readiness()).includes('process: is stopping')) continue;
    pump.child.kill('SIGTERM');
    expect(await pump.ended()).toBe(1);
  });
});

describe('serve', () => {
  const schema = z.object(serviceSettings);
  const settings = { listen: '127.0.0.1:0', logLevel: 'silent' as const };

  it('frees its port when the service ends, well or not', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const listen = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
    await new Promise((resolve) => probe.close(resolve));
    const runs = [() => Promise.resolve(), () => Promise.reject(new Error('broken')), () => Promise.resolve()];
    const results: unknown[] = [];
    for (const run of runs) {
      const definition = { program: 'p', summary: 's', schema, run };
      const served = serve(definition, { ...settings, listen }, new AbortController().signal);
      results.push(await served.catch((error: unknown) => (error as Error).message));
    }
    expect(results).toEqual([undefined, 'broken', undefined]);
  });

  it('is not ready before the service has said what to wait for, nor once it is told to stop', async () => {
    const stop = new AbortController();
    const seen: string[][] = [];
    const run = ({ health }: ServiceContext<unknown>): Promise<void> => {
      seen.push(health.readyProblems());
      health.addReadiness('caches', () => true);
      seen.push(health.readyProblems());
      stop.abort();
      seen.push(health.readyProblems());
      return Promise.resolve();
    };
    await serve({ program: 'p', summary: 's', schema, run }, settings, stop.signal);
    expect(seen).toEqual([['process: is starting'], [], ['process: is stopping']]);
  });
});
