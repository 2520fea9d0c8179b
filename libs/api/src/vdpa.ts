/** What a vDPA device is for: the kernel's own virtio, or a virtual machine through `/dev/vhost-vdpa-N`. */
export type VdpaType = 'virtio' | 'vhost';

/** Driver on the vDPA bus of a vDPA device. */
export type VdpaDriver = 'virtio_vdpa' | 'vhost_vdpa';

const DRIVERS: Readonly<Record<VdpaType, VdpaDriver>> = { virtio: 'virtio_vdpa', vhost: 'vhost_vdpa' };

/** Name of the vDPA device that the operator makes of a VF, as upstream has it. One of another name is not ours. */
export function vdpaNameOf(pciAddress: string): string {
  return `vdpa:${pciAddress}`;
}

/** The driver of a type of vDPA device; nothing for a text that is none. */
export function vdpaDriverOf(vdpaType: string | undefined): VdpaDriver | undefined {
  return vdpaType !== undefined && isVdpaType(vdpaType) ? DRIVERS[vdpaType] : undefined;
}

/** The type of a vDPA device with this driver; nothing for one without a driver, or with another. */
export function vdpaTypeOf(driver: string | undefined): VdpaType | undefined {
  return Object.keys(DRIVERS)
    .filter(isVdpaType)
    .find((type) => DRIVERS[type] === driver);
}

function isVdpaType(text: string): text is VdpaType {
  return Object.hasOwn(DRIVERS, text);
}
