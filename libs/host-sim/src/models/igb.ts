import { idlePower } from '../sysfs/power.ts';
import { constant, folder, link, settable } from '../tree.ts';
import { type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

/**
 * Intel 82576 as QEMU 10.0 emulates it, with the drivers igb and igbvf of Linux 6.12. Everything here was measured:
 * attributes, numbers and times are those of the dump in `../fixtures/igb-sysfs-dump.txt`.
 */
export const IGB: NicModel = {
  name: 'igb',
  vendor: '8086',
  subsystemVendor: '1af4',
  pfDriver: 'igb',
  // With VFs igb gives up the queues that they take.
  pfIrqs: [5, 3],
  maxMtu: 9216,
  mtuBounceMs: 300,
  speed: 1000,
  linkSpeed: '2.5 GT/s PCIe',
  linkWidth: '1',
  pfQueues: [
    'rx-0',
    'rx-1',
    'rx-2',
    'rx-3',
    'rx-4',
    'rx-5',
    'rx-6',
    'rx-7',
    'tx-0',
    'tx-1',
    'tx-2',
    'tx-3',
    'tx-4',
    'tx-5',
    'tx-6',
    'tx-7',
  ],
  pf: {
    device: '10c9',
    subsystemDevice: '1100',
    revision: '01',
    resetMethod: 'flr pm bus',
    resource: resourceTable(13, {
      0: '0x00000000fe200000 0x00000000fe21ffff 0x0000000000040200',
      1: '0x00000000fe220000 0x00000000fe23ffff 0x0000000000040200',
      2: '0x000000000000d000 0x000000000000d01f 0x0000000000040101',
      3: '0x00000000fe240000 0x00000000fe243fff 0x0000000000140204',
      7: '0x00000000fe800000 0x00000000fe81ffff 0x000000000014220c',
      10: '0x00000000fe820000 0x00000000fe83ffff 0x000000000014220c',
    }),
    resourceFiles: { resource0: 131072, resource1: 131072, resource2: 32, resource3: 16384 },
    firmwareNode: 'device:04/device:05',
    irq: '20',
    d3coldAllowed: true,
  },
  sriov: {
    vfDriver: 'igbvf',
    vfIrqs: 3,
    vfQueues: ['rx-0', 'tx-0'],
    // The driver keeps one of the eight for itself.
    totalVfs: [7, 8],
    offset: 128,
    stride: 2,
    latencies: { createVfs: 530, removeVfs: 2_200, probe: 50, unbind: 50 },
    carrierBounceMs: 300,
    vfAsksPf: true,
    vf: {
      device: '10ca',
      subsystemDevice: '1100',
      revision: '01',
      resetMethod: 'flr',
      resource: resourceTable(13, {
        0: '0x00000000fe800000 0x00000000fe803fff 0x000000000014220c',
        3: '0x00000000fe820000 0x00000000fe823fff 0x000000000014220c',
      }),
      resourceFiles: { resource0: 16384, resource0_wc: 16384, resource3: 16384, resource3_wc: 16384 },
      firmwareNode: 'device:04/device:06',
      irq: '0',
      d3coldAllowed: false,
    },
  },
  driverEntries: ({ index, mac, address }) => ({ ptp: folder({ [`ptp${index}`]: ptpClock(index, mac, address) }) }),
};

/** The precision clock that igb registers. */
function ptpClock(index: number, mac: string, address: string): ReturnType<typeof folder> {
  return folder({
    clock_name: constant(`${mac.replaceAll(':', '')}\n`),
    dev: constant(`247:${index}\n`),
    device: link(`../../../${address}`),
    max_adjustment: constant('999999881\n'),
    max_vclocks: settable('20\n'),
    n_alarms: constant('0\n'),
    n_external_timestamps: constant('0\n'),
    n_periodic_outputs: constant('0\n'),
    n_programmable_pins: constant('0\n'),
    n_vclocks: settable('0\n'),
    power: idlePower(),
    pps_available: constant('0\n'),
    subsystem: link('../../../../../../class/ptp'),
    uevent: settable(`MAJOR=247\nMINOR=${index}\nDEVNAME=ptp${index}\n`),
  });
}
