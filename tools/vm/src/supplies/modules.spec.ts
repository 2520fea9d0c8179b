import { describe, expect, it } from '@jest/globals';
import { withDependencies } from './modules.ts';

const DEP = `kernel/net/9p/9pnet.ko.xz:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/net/9p/9pnet.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
`;

describe('withDependencies', () => {
  it.each<[string, string[], string[]]>([
    ['a module alone', ['9pnet'], ['9pnet']],
    ['a module with what it needs', ['9pnet_virtio'], ['9pnet_virtio', '9pnet', 'virtio_ring']],
    ['what several need, once', ['vfio-pci', '9pnet_virtio'], ['vfio-pci', '9pnet', '9pnet_virtio', 'virtio_ring']],
    ['either spelling of a name', ['vfio_pci'], ['vfio-pci', '9pnet']],
    ['nothing for a module that is built in', ['virtio'], []],
  ])('finds %s', (_, names, expected) => {
    const files = withDependencies(DEP, names).map((path) => path.replace(/^.*\/(.*)\.ko\.xz$/, '$1'));
    expect(files).toEqual(expected);
  });
});
