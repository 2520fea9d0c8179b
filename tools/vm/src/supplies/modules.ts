/** Kernel modules that the guest can load; what they depend on comes with them. */
export const GUEST_MODULES = [
  ...['virtio_pci', 'virtio_net', 'virtio_console', 'virtio_rng', '9p', '9pnet_virtio'],
  ...['igb', 'igbvf', 'vfio-pci', 'vfio_iommu_type1', 'pci-pf-stub'],
  ...['rdma_rxe', 'crc32_generic', 'crc32_pclmul', 'bridge', 'dummy', '8021q'],
  // libcrc32c asks for an implementation by its name, of which modules.dep knows nothing.
  ...['openvswitch', 'crc32c_generic'],
  // For netdevsim and vdpa_sim.
  ...['vdpa', 'vhost_vdpa', 'virtio_vdpa', 'vhost_iotlb', 'psample', 'macsec'],
];

/**
 * Paths of the modules and of all that they depend on. Names that are built into the kernel, or that it does not have,
 * have none.
 * @param modulesDep content of the kernel's `modules.dep`, one `path: path path` a line
 */
export function withDependencies(modulesDep: string, names: readonly string[]): string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path, rest = ''] = line.split(':');
    if (path) needs.set(path, rest.split(' ').filter(Boolean));
  }
  const byName = new Map([...needs.keys()].map((path) => [moduleName(path), path]));
  const found = new Set<string>();
  for (const name of names) {
    const path = byName.get(name.replaceAll('-', '_'));
    if (path !== undefined) for (const each of [path, ...(needs.get(path) ?? [])]) found.add(each);
  }
  return [...found];
}

/** `kernel/drivers/vfio/pci/vfio-pci.ko.xz` → `vfio_pci`, as the kernel spells it. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.slice(0, file.indexOf('.')).replaceAll('-', '_');
}
