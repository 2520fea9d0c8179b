import { type ObservedPf } from '@sriov/observed-host';
import { testLink, testPf } from './test-host.ts';

/** A network device of a virtual machine, as the host shows it: no SR-IOV, and no IOMMU. */
export function guestDevice(number: number, change: Partial<ObservedPf> = {}): ObservedPf {
  const { sriov: _sriov, iommuGroup: _iommuGroup, ...device } = testPf();
  return {
    ...device,
    pciAddress: `0000:00:0${number}.0`,
    vendor: '1af4',
    deviceId: '1041',
    driver: 'virtio-pci',
    link: testLink({ name: `eth${number}`, mac: macOfGuest(number) }),
    ...change,
  };
}

/** The same, bound to vfio-pci. */
export function boundGuestDevice(number: number): ObservedPf {
  const { link: _link, ...device } = guestDevice(number, { driver: 'vfio-pci', iommuGroup: 0, linkType: '' });
  return device;
}

/** MAC address of {@link guestDevice}. */
export function macOfGuest(number: number): string {
  return `fa:16:3e:00:00:0${number}`;
}
