import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SimulatedKernel } from './simulated-kernel.ts';
import { type Node } from './tree.ts';
import { loadWorld } from './world.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:10.0';
const DEVICES = '/sys/bus/pci/devices';

/**
 * What the dump shows and no model can: how long a device had been awake when it was looked at, and a MAC address
 * that the kernel drew at random.
 */
const VOLATILE = [
  [/(power\/runtime_(?:active|suspended)_time \[0444\] = )"\d+\\n"/, '$1<milliseconds>'],
  [/(net\/eth3\/address \[0444\] = )"[0-9a-f:]+\\n"/, '$1<random>'],
] as const;
const steady = (line: string): string =>
  VOLATILE.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);

const dump = readFileSync(join(import.meta.dirname, 'fixtures/igb-sysfs-dump.txt'), 'utf8');

/** The lines of a section of the dump that tell of a node, sorted. */
const section = (title: string): string[] => {
  const body = dump.split(/^#{10,} /m).find((part) => part.startsWith(title)) ?? '';
  return body
    .split('\n')
    .filter((line) => line.startsWith('/0000:'))
    .map(steady)
    .sort();
};

/** Folders that the dump lists by their names only. */
const NAMES_ONLY = ['queues', 'statistics'];

/** The lines that the dump would have for a device of the simulated machine. */
const describeDevice = (kernel: SimulatedKernel, address: string): string[] => {
  const lines: string[] = [];
  const visit = (node: Node, path: string): void => {
    switch (node.kind) {
      case 'link':
        lines.push(`${path} -> ${node.target}`);
        return;
      case 'file':
        lines.push(`${path} ${describeFile(node)}`);
        return;
      case 'folder': {
        const isNamesOnly = NAMES_ONLY.some((name) => path.endsWith(`/${name}`));
        if (path !== `/${address}`)
          lines.push(`${path}/${isNamesOnly ? ` (${[...node.names()].sort().join(' ')})` : ''}`);
        if (isNamesOnly) return;
        for (const name of node.names()) visit(node.get(name)!, `${path}/${name}`);
      }
    }
  };
  const target = kernel.inspect(`/sys/devices/pci0000:00/0000:00:10.0/${address}`);
  visit(target, `/${address}`);
  return lines.map(steady).sort();
};

const describeFile = (node: Extract<Node, { kind: 'file' }>): string => {
  const mode = node.mode.toString(8).padStart(4, '0');
  if (node.binarySize !== undefined) return `[${mode} size=${node.binarySize}] <binary>`;
  if (!node.read) return `[${mode}] <write-only>`;
  try {
    const text = node.read();
    // Waits for a lock, and tells the same as the number of links.
    if (typeof text !== 'string') return `[${mode}] = ${NUM_VFS}`;
    return `[${mode}] = ${JSON.stringify(text)}`;
  } catch (error) {
    return `[${mode}] = !${(error as { code: string }).code}`;
  }
};
const NUM_VFS = '<sriov_numvfs>';
const withoutNumVfs = (lines: string[]): string[] =>
  lines.map((line) => line.replace(/(sriov_numvfs \[0644\] = ).*/, `$1${NUM_VFS}`));

/** The machine of the dump, before igbvf was loaded. */
const boot = (): SimulatedKernel => {
  const world = loadWorld(join(import.meta.dirname, '../../../tools/worlds/igb-two-ports.yaml'));
  const clock = { now: () => 0, sleep: () => Promise.resolve() };
  return new SimulatedKernel({ world: { ...world, modules: [], latency: 'none' }, clock });
};

describe('the igb model, attribute by attribute, against a dump of the real thing', () => {
  it('shows a PF before it has VFs', async () => {
    const kernel = boot();
    expect(describeDevice(kernel, PF)).toEqual(withoutNumVfs(section('PF 0000:01:00.0, igb bound, before VFs')));
    expect(await kernel.read(`${DEVICES}/${PF}/sriov_numvfs`)).toBe('0\n');
  });

  it('shows a PF with four VFs', async () => {
    const kernel = boot();
    await kernel.write(`${DEVICES}/${PF}/sriov_numvfs`, '4');
    expect(describeDevice(kernel, PF)).toEqual(withoutNumVfs(section('PF after sriov_numvfs=4')));
    expect(await kernel.read(`${DEVICES}/${PF}/sriov_numvfs`)).toBe('4\n');
  });

  it('shows a VF without a driver, with igbvf, and with vfio-pci', async () => {
    const kernel = boot();
    await kernel.write(`${DEVICES}/${PF}/sriov_numvfs`, '4');
    expect(describeDevice(kernel, VF)).toEqual(section('VF 0 after creation, no driver'));
    await kernel.exec('modprobe', ['igbvf']);
    await kernel.write('/sys/bus/pci/drivers_probe', VF);
    expect(describeDevice(kernel, VF)).toEqual(section('VF 0 bound to igbvf'));
    await kernel.exec('modprobe', ['vfio-pci']);
    await kernel.write('/sys/bus/pci/drivers/igbvf/unbind', VF);
    await kernel.write(`${DEVICES}/${VF}/driver_override`, 'vfio-pci');
    await kernel.write('/sys/bus/pci/drivers_probe', VF);
    expect(describeDevice(kernel, VF)).toEqual(section('VF 0 bound to vfio-pci'));
  });

  it('shows the IOMMU group of a VF', async () => {
    const kernel = boot();
    await kernel.write(`${DEVICES}/${PF}/sriov_numvfs`, '4');
    const group = '/sys/kernel/iommu_groups/9';
    expect(await kernel.read(`${group}/type`)).toBe('identity\n');
    expect(await kernel.read(`${group}/reserved_regions`)).toBe('0x00000000fee00000 0x00000000feefffff msi\n');
    expect(await kernel.readlink(`${group}/devices/${VF}`)).toBe(`../../../../devices/pci0000:00/0000:00:10.0/${VF}`);
  });
});
