import { readdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostKernel } from '@sriov/host';
import { type Handover, HANDOVER_FILE, HANDOVER_FOLDER, isSyncSocket, SYNC_METHOD } from '@sriov/plugin-handover';
import { DRIVER, type FixtureHost, pfAddress } from './fixture-host.ts';
import { monotonicMs } from './kubelet/messages.ts';
import { type PlayedKubelet } from './kubelet/played-kubelet.ts';

/** What is measured with. */
export interface Parts {
  readonly host: FixtureHost;
  readonly kubelet: PlayedKubelet;
}

/** The resource that has the VFs of a PF. */
export const resourceOf = (pf: number): string => `openshift.io/nic${pf + 1}`;

/**
 * Withdraws the VFs of one PF after the other and gives them back, as the config daemon does.
 * @returns for each change the time until the kubelet has the list, in ms
 */
export async function measureHandovers({ host, kubelet }: Parts, rounds: number): Promise<number[]> {
  const daemon = new HostKernel({ hostRoot: host.folder });
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pf = round % host.vfs.length;
    const count = host.vfs[pf]?.length ?? 0;
    for (const isWithdrawn of [true, false]) {
      const withdrawn = isWithdrawn ? [{ pf: pfAddress(pf), because: 'numVfs changes' }] : [];
      const begin = monotonicMs();
      await handOver(host, { withdrawn });
      const synced = sync(host, daemon);
      const list = await kubelet.until(
        resourceOf(pf),
        ({ unhealthy }) => unhealthy.length === (isWithdrawn ? count : 0),
      );
      took.push(list.atMs - begin);
      await synced;
    }
  }
  return took;
}

async function handOver(host: FixtureHost, handover: Handover): Promise<void> {
  const file = join(host.folder, HANDOVER_FOLDER, HANDOVER_FILE);
  await writeFile(`${file}.new`, JSON.stringify(handover));
  await rename(`${file}.new`, file);
}

async function sync(host: FixtureHost, daemon: HostKernel): Promise<void> {
  const name = readdirSync(join(host.folder, HANDOVER_FOLDER)).find(isSyncSocket) ?? '';
  await daemon.call({ socket: `${HANDOVER_FOLDER}/${name}`, method: SYNC_METHOD }, new Uint8Array());
}

/** Binds one VF after the other to another driver and back, of which only the kernel tells. @returns the same */
export async function measureDrivers({ host, kubelet }: Parts, rounds: number): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pf = round % host.vfs.length;
    const vfs = host.vfs[pf] ?? [];
    const address = vfs[round % vfs.length] ?? '';
    for (const driver of ['vfio-pci', DRIVER]) {
      const begin = monotonicMs();
      await host.bind(address, driver);
      const list = await kubelet.until(
        resourceOf(pf),
        ({ unhealthy }) => unhealthy.includes(address) === (driver !== DRIVER),
      );
      took.push(list.atMs - begin);
    }
  }
  return took;
}
