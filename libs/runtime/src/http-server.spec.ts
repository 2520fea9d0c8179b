import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Health } from './health.ts';
import { type ObservationServer, parseAddress, startObservationServer } from './http-server.ts';
import { Metrics } from './metrics.ts';

let servers: ObservationServer[] = [];
const start = async (health = new Health(), metrics = new Metrics()): Promise<ObservationServer> => {
  const server = await startObservationServer('127.0.0.1:0', { health, metrics });
  servers.push(server);
  return server;
};
const startPassingOn = async (port: number): Promise<ObservationServer> => {
  const sources = { health: new Health(), metrics: new Metrics(), neighbours: new Map([['/metrics/neighbour', port]]) };
  const server = await startObservationServer('127.0.0.1:0', sources);
  servers.push(server);
  return server;
};
const get = async (server: ObservationServer, path: string): Promise<[number, string]> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return [response.status, await response.text()];
};

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

describe('the observation server', () => {
  it('answers ok while every check passes', async () => {
    const health = new Health();
    health.addReadiness('caches', () => true);
    const server = await start(health);
    expect(await get(server, '/healthz')).toEqual([200, 'ok\n']);
    expect(await get(server, '/readyz?verbose')).toEqual([200, 'ok\n']);
  });

  it('names each failing check', async () => {
    const health = new Health();
    health.addReadiness('caches', () => 'SriovNetwork is not listed yet');
    health.addReadiness('lease', () => true);
    const server = await start(health);
    expect(await get(server, '/readyz')).toEqual([503, 'caches: SriovNetwork is not listed yet\n']);
    expect(await get(server, '/healthz')).toEqual([200, 'ok\n']);
  });

  it('tells of what a restart does not cure to people, and not to who restarts', async () => {
    const health = new Health();
    health.addHealth('passes', () => 'the kernel does not answer');
    const server = await start(health);
    expect(await get(server, '/healthz')).toEqual([503, 'passes: the kernel does not answer\n']);
    expect(await get(server, '/livez')).toEqual([200, 'ok\n']);
    health.addLiveness('loop', () => 'is stuck');
    expect(await get(server, '/healthz')).toEqual([503, 'loop: is stuck\npasses: the kernel does not answer\n']);
    expect(await get(server, '/livez')).toEqual([503, 'loop: is stuck\n']);
  });

  it('serves the metrics of this process only', async () => {
    const metrics = new Metrics();
    metrics.counter('sriov_things_total', 'Things done', ['kind']).inc({ kind: 'good' }, 2);
    const [status, text] = await get(await start(new Health(), metrics), '/metrics');
    expect(status).toBe(200);
    expect(text).toContain('sriov_things_total{kind="good"} 2');
  });

  it('passes on the metrics of a neighbour, and nothing else of it', async () => {
    const metrics = new Metrics();
    metrics.counter('sriov_things_total', 'Things done').inc(3);
    const { port } = await start(new Health(), metrics);
    const passing = await startPassingOn(port);
    const [status, text] = await get(passing, '/metrics/neighbour?x=y');
    expect([status, text.includes('sriov_things_total 3')]).toEqual([200, true]);
    expect((await get(passing, '/metrics'))[1]).not.toContain('sriov_things_total');
    for (const path of ['/metrics/', '/metrics/other', '/metrics/neighbour/healthz']) {
      expect([path, (await get(passing, path))[0]]).toEqual([path, 404]);
    }
  });

  it('has no metrics of a neighbour that is not there, which is no failure', async () => {
    const absent = await startObservationServer('127.0.0.1:0', { health: new Health(), metrics: new Metrics() });
    await absent.close();
    const passing = await startPassingOn(absent.port);
    expect(await get(passing, '/metrics/neighbour')).toEqual([200, `# nobody listens at 127.0.0.1:${absent.port}\n`]);
  });

  it('says of a neighbour that answers with an error that it does', async () => {
    const metrics = new Metrics();
    metrics.gauge('level', 'Height of the water', [], () => {
      throw new Error('no water');
    });
    const { port } = await start(new Health(), metrics);
    const passing = await startPassingOn(port);
    expect(await get(passing, '/metrics/neighbour')).toEqual([502, `127.0.0.1:${port}: it answers 503\n`]);
  });

  it('breaks off where a neighbour does, so that nobody takes a part for all', async () => {
    const neighbour = createServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('level 1\n', () => response.destroy());
    });
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
    const passing = await startPassingOn((neighbour.address() as AddressInfo).port);
    await expect(get(passing, '/metrics/neighbour')).rejects.toThrow();
    expect((await get(passing, '/livez'))[0]).toBe(200);
    neighbour.close();
  });

  it('answers with the failure of a check that throws, and lives on', async () => {
    const health = new Health();
    health.addReadiness('caches', () => {
      throw new Error('no caches');
    });
    const server = await start(health);
    expect(await get(server, '/readyz')).toEqual([503, 'no caches\n']);
    expect(await get(server, '/healthz')).toEqual([200, 'ok\n']);
  });

  it('points to what there is for any other path', async () => {
    expect((await get(await start(), '/'))[0]).toBe(404);
  });

  it('names the address when the port is taken', async () => {
    const { port } = await start();
    await expect(
      startObservationServer(`127.0.0.1:${port}`, { health: new Health(), metrics: new Metrics() }),
    ).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: `cannot listen on 127.0.0.1:${port}: another process uses the port`,
    });
  });
});

describe('parseAddress', () => {
  it.each([
    [':8081', { port: 8081 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:443', { host: '::1', port: 443 }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each(['8081', 'host', 'a:b', ':65536', ''])('refuses "%s"', (text) => {
    expect(() => parseAddress(text)).toThrow(/not an address/);
  });
});
