import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEVICE_CHECKPOINT } from '@sriov/host';
import { createLogger, ServiceError } from '@sriov/runtime';
import { eventually, FakeClock, readJson, readLogLine } from '@sriov/testing';
import { stringify } from 'yaml';
import { z } from 'zod';
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

/** What the kubelet's file of allocations says. */
const checkpointSchema = z.object({
  Data: z.object({
    PodDeviceEntries: z.array(z.object({ PodUID: z.string(), DeviceIDs: z.record(z.string(), z.array(z.string())) })),
  }),
});

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

  it('has pods with VFs as their file says it, also after a restart of the daemon', async () => {
    const [simulateState, simulatePods] = [join(folder, 'machine.json'), join(folder, 'pods.json')];
    const pod = { namespace: 'apps', name: 'dpdk', uid: 'u', resource: 'openshift.io/vfs' };
    const write = (pods: object[] | string): void => {
      writeFileSync(`${simulatePods}.new`, typeof pods === 'string' ? pods : JSON.stringify(pods));
      renameSync(`${simulatePods}.new`, simulatePods);
    };
    const until = (holders: string[], { kernel }: OpenedHost): Promise<unknown> =>
      eventually(async () => {
        const { Data } = readJson(checkpointSchema, await kernel.read(DEVICE_CHECKPOINT));
        expect(
          Data.PodDeviceEntries.map(({ PodUID, DeviceIDs }) => [PodUID, ...Object.values(DeviceIDs).flat()].join(' ')),
        ).toEqual(holders);
        return true;
      });
    const before = open({ simulateState, simulatePods });
    await until([], before);
    write([{ ...pod, vf: '0000:01:10.0' }]);
    await until(['u 0000:01:10.0'], before);
    write('not JSON');
    await eventually(() => lines.some((line) => line.includes('cannot read the pods of the simulated host')));
    await until(['u 0000:01:10.0'], before);
    write([{ ...pod, vf: '0000:01:10.2', uid: 'next' }]);
    await until(['next 0000:01:10.2'], open({ simulateState, simulatePods }));
    rmSync(simulatePods);
    await until([], open({ simulateState, simulatePods }));
  });

  it('is not made from a world file that cannot be used, and the error says what is wrong in it', () => {
    writeFileSync(join(folder, 'world.yaml'), stringify({ nics: [{ model: 'igb' }] }));
    const attempt = (): unknown => open();
    expect(attempt).toThrow(ServiceError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'WORLD_INVALID', exitCode: 2 }));
    expect(attempt).toThrow(`world ${join(folder, 'world.yaml')}: nics.0.`);
  });
});
