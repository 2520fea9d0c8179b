import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, ServiceError } from '@sriov/runtime';
import { FakeClock, readLogLine } from '@sriov/testing';
import { stringify } from 'yaml';
import { type OpenedHost } from '../open-host.ts';
import { openSimulatedHost } from './open-simulated-host.ts';
import { simulatedService } from './service.ts';

const PF = '0000:01:00.0';
const NUM_VFS = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;

let folder: string;
/** Lines of the log. */
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulated-'));
  lines = [];
  const nics = [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10' }];
  writeFileSync(join(folder, 'world.yaml'), stringify({ latency: 'none', nics }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (rest: object = {}): OpenedHost => {
  const simulate = join(folder, 'world.yaml');
  const settings = simulatedService.schema.parse({ nodeName: 'node-1', simulate, ...rest });
  const log = createLogger({ service: 'spec', level: 'info' }, { write: (line) => void lines.push(line) });
  return openSimulatedHost(settings, { log, clock: new FakeClock() });
};

describe('a simulated host', () => {
  it('is the one of the world file, and the log says that it is simulated', async () => {
    expect(await open().kernel.read(NUM_VFS)).toBe('0\n');
    expect(lines.map(readLogLine)).toMatchObject([
      { world: join(folder, 'world.yaml'), msg: 'this host is simulated' },
    ]);
  });

  it('outlasts its daemon in its state file, and what the daemon keeps beside that', async () => {
    const simulateState = join(folder, 'machine.json');
    const before = open({ simulateState });
    await before.kernel.write(NUM_VFS, '2');
    await before.folder.write('a', 'x');
    expect(existsSync(`${simulateState}.d/a`)).toBe(true);
    const after = open({ simulateState });
    expect([await after.kernel.read(NUM_VFS), await after.folder.read('a')]).toEqual(['2\n', 'x']);
  });

  it('begins anew with each daemon without a state file, and what the daemon keeps is in the state folder', async () => {
    const stateFolder = join(folder, 'state');
    const before = open({ stateFolder });
    await before.kernel.write(NUM_VFS, '2');
    await before.folder.write('a', 'x');
    const after = open({ stateFolder });
    expect([await after.kernel.read(NUM_VFS), await after.folder.read('a')]).toEqual(['0\n', 'x']);
  });

  it('is not made from a world file that cannot be used, and the error says what is wrong in it', () => {
    writeFileSync(join(folder, 'world.yaml'), stringify({ nics: [{ model: 'igb' }] }));
    const attempt = (): unknown => open();
    expect(attempt).toThrow(ServiceError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'WORLD_INVALID', exitCode: 2 }));
    expect(attempt).toThrow(`world ${join(folder, 'world.yaml')}: nics.0.`);
  });
});
