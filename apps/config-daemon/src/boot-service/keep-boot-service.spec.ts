import { describe, expect, it } from '@jest/globals';
import { type Programs } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type Pass } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { MemoryFolder } from '../test/test-host.ts';
import { createBootServiceKeeper } from './keep-boot-service.ts';

const NIC = { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56' };
const log = { info: () => undefined, warn: () => undefined };

/** A host on which the program does not run, and the daemon that wants it there. */
class Node {
  readonly clock = new FakeClock();
  copies = 0;
  isMended = false;
  readonly #kernel = new SimulatedKernel({
    world: parseWorld({ latency: 'none', nics: [NIC] }),
    clock: this.clock,
  });
  readonly #programs: Programs = {
    name: () => this.#kernel.programs.name(),
    words: (name) => this.#kernel.programs.words(name),
    list: () => this.#kernel.programs.list(),
    install: (name) => {
      this.copies += 1;
      return this.isMended ? this.#kernel.programs.install(name) : Promise.reject(new Error('it does not run'));
    },
    remove: (name) => this.#kernel.programs.remove(name),
    findRefusal: () => this.#kernel.programs.findRefusal(),
  };
  readonly #keep = createBootServiceKeeper(
    {
      kernel: this.#kernel,
      folder: new MemoryFolder(),
      stateFolder: '/etc/sriov-operator',
      unitFolder: this.#kernel.unitFolder,
      programs: this.#programs,
      mode: 'systemd',
      managesBridges: false,
    },
    log,
    this.clock,
  );

  pass(): Promise<Pass['bootService']> {
    const rest = { modules: [], pfs: [], problems: [], taken: [], released: [] };
    const end = { observed: { interfaces: [], problems: [] }, owned: new Map(), rest };
    return this.#keep({ end, wanted: { spec: {}, plannedFrom: new Set() } });
  }
}

describe('a step of the boot service that fails', () => {
  it('is not tried at each look: the program is large, and each event of the host is a look', async () => {
    const node = new Node();
    const failed = { reason: 'BootServiceNotSetUp', message: expect.stringContaining('it does not run') };
    expect([await node.pass(), await node.pass()]).toMatchObject([failed, failed]);
    await node.clock.advance(10 * 60_000 - 1);
    expect([await node.pass(), node.copies]).toMatchObject([failed, 1]);
    node.isMended = true;
    await node.clock.advance(1);
    expect([await node.pass(), node.copies]).toMatchObject([{ reason: 'BootServiceReady' }, 2]);
  });
});
