import { describe, expect, it } from '@jest/globals';
import { type Dmi } from '@sriov/observed-host';
import { type Platform, recognisePlatform } from './recognise-platform.ts';

const NOVA: Dmi = { sysVendor: 'OpenStack Foundation', productName: 'OpenStack Nova' };
const EC2: Dmi = { sysVendor: 'Amazon EC2', productName: 'm5.large' };

describe('the platform of a node', () => {
  it.each<[string, string | undefined, Dmi, Platform]>([
    ['its provider id names OpenStack', 'openstack:///8d1c', {}, 'OpenStack'],
    ['its provider id names AWS', 'aws:///eu-west-1a/i-0abc', {}, 'AWS'],
    ['its provider id is in upper case', 'OpenStack:///8d1c', {}, 'OpenStack'],
    ['its provider id names another platform, whatever the firmware says', 'kind://docker/a/b', NOVA, 'bare metal'],
    ['its provider id and its firmware contradict each other', 'aws:///eu-west-1a/i-0abc', NOVA, 'AWS'],
    ['it has no provider id, and the firmware is of Nova', undefined, NOVA, 'OpenStack'],
    ['its provider id is empty, and the firmware is of Nova', '', NOVA, 'OpenStack'],
    ['the firmware is of a packaged Nova', undefined, { productName: 'OpenStack Compute' }, 'OpenStack'],
    ['only the asset tag tells it', undefined, { sysVendor: 'VMware', chassisAssetTag: 'SAP CCloud VM' }, 'OpenStack'],
    ['the firmware is of EC2', undefined, EC2, 'AWS'],
    ['the firmware is of EC2 on Xen', undefined, { sysVendor: 'Xen', biosVersion: '4.11.amazon' }, 'AWS'],
    ['nothing names a platform', undefined, { sysVendor: 'QEMU', productName: 'Standard PC' }, 'bare metal'],
    ['the machine has no DMI', undefined, {}, 'bare metal'],
  ])('where %s', (_, providerID, dmi, platform) => {
    expect(recognisePlatform({ providerID, dmi })).toBe(platform);
  });
});
