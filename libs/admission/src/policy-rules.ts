import { type NodePolicySpec, parsePfSelector } from '@sriov/api';
import { findBridgeFault, findResourceNameFault, type SupportedNics } from '@sriov/selection';
import { listChoices } from '@sriov/words';
import { type AdmissionSettings } from './request.ts';
import { type Rule } from './rule.ts';

/** What the rules about a policy's own fields look at. */
export interface PolicyFields {
  readonly spec: NodePolicySpec;
  readonly nics: SupportedNics;
  readonly settings: AdmissionSettings;
}

/** Rules about the fields of the policy. Those that need no list of NICs are in the CRD as well, in the same order. */
export const POLICY_RULES: readonly Rule<PolicyFields>[] = [
  {
    name: 'the resource name is one that the device plugin can use',
    check: ({ spec }) => findResourceNameFault(spec.resourceName),
  },
  {
    name: 'the selector says something',
    check: ({ spec }) =>
      givenParts(spec).length === 0
        ? 'spec.nicSelector is empty: give at least one of vendor, deviceID, rootDevices, pfNames, netFilter'
        : undefined,
  },
  {
    name: 'a network filter selects alone',
    check({ spec }) {
      const others = givenParts(spec).filter((part) => part !== 'netFilter');
      return spec.nicSelector.netFilter && others.length > 0
        ? `spec.nicSelector.netFilter cannot be combined with ${others.join(', ')}: remove one or the other`
        : undefined;
    },
  },
  {
    name: 'a port of a virtual machine has no eSwitch, no bridge and no InfiniBand',
    check({ spec }) {
      const fields = Object.entries({
        eSwitchMode: Boolean(spec.eSwitchMode),
        bridge: spec.bridge !== undefined,
        [`linkType ${spec.linkType}`]: !isEthernet(spec),
      }).flatMap(([field, isGiven]) => (isGiven ? field : []));
      return spec.nicSelector.netFilter && fields.length > 0
        ? `with spec.nicSelector.netFilter there can be no ${fields.join(', no ')}: remove it from spec`
        : undefined;
    },
  },
  {
    name: 'with --supported-nics-only the ids are in the list',
    check: (fields) => (fields.settings.supportedNicsOnly ? unknownIds(fields) : undefined),
  },
  { name: 'the ranges of VFs can be read and end below numVfs', check: ({ spec }) => findRangeFault(spec) },
  {
    name: 'RDMA has the kernel driver',
    check: ({ spec }) =>
      spec.deviceType === 'vfio-pci' && spec.isRdma
        ? 'spec.isRdma true needs the kernel driver, and spec.deviceType is vfio-pci: set isRdma to false or deviceType to netdevice'
        : undefined,
  },
  {
    name: 'switchdev is for Ethernet',
    check: ({ spec }) =>
      spec.eSwitchMode === 'switchdev' && !isEthernet(spec)
        ? `spec.eSwitchMode switchdev needs Ethernet, and spec.linkType is ${spec.linkType}: set linkType to eth, or eSwitchMode to legacy`
        : undefined,
  },
  {
    name: 'vDPA has the kernel driver and switchdev',
    check({ spec: { vdpaType, deviceType, eSwitchMode } }) {
      if (!vdpaType) return undefined;
      if (deviceType !== 'netdevice') {
        return `spec.vdpaType ${vdpaType} requires spec.deviceType netdevice, and it is ${deviceType}`;
      }
      return eSwitchMode === 'switchdev' ? undefined : `spec.vdpaType ${vdpaType} requires spec.eSwitchMode switchdev`;
    },
  },
  { name: 'a bridge has switchdev and is ours', check: findBridgeFault },
];

/** Why the ids of the selector are not in the list of NICs; `undefined` when they are. */
export function unknownIds({ spec, nics }: PolicyFields): string | undefined {
  const { vendor, deviceID } = spec.nicSelector;
  if (vendor && !nics.knows({ vendor })) {
    return unlisted(`vendor "${vendor}"`, plainId(vendor), (id) => nics.knows({ vendor: id }));
  }
  if (!deviceID || nics.knows({ vendor, pfDevice: deviceID })) return undefined;
  const whose = vendor ? ` of vendor ${vendor}` : '';
  const pfDevices = nics.pfDevicesOf(plainId(deviceID), vendor);
  return pfDevices.length > 0
    ? `spec.nicSelector.deviceID "${deviceID}" is that of VFs, which only a virtual machine has as ports: on a host write that of the PF, such as ${listChoices(pfDevices)}`
    : unlisted(`deviceID "${deviceID}"${whose}`, plainId(deviceID), (id) => nics.knows({ vendor, pfDevice: id }));
}

function unlisted(what: string, meant: string, isListed: (id: string) => boolean): string {
  return isListed(meant)
    ? `spec.nicSelector.${what} must be four lower-case hex digits without 0x: write "${meant}"`
    : `spec.nicSelector.${what} is not in the list of supported NICs: correct it, or add the model to the ConfigMap supported-nic-ids`;
}

function plainId(id: string): string {
  return id.trim().toLowerCase().replace(/^0x/, '');
}

function givenParts({ nicSelector }: NodePolicySpec): string[] {
  const { vendor, deviceID, rootDevices = [], pfNames = [], netFilter } = nicSelector;
  return Object.entries({
    vendor: Boolean(vendor),
    deviceID: Boolean(deviceID),
    rootDevices: rootDevices.length > 0,
    pfNames: pfNames.length > 0,
    netFilter: Boolean(netFilter),
  }).flatMap(([part, isGiven]) => (isGiven ? part : []));
}

function isEthernet({ linkType }: NodePolicySpec): boolean {
  return !linkType || linkType.toLowerCase() === 'eth';
}

function findRangeFault({ nicSelector, numVfs }: NodePolicySpec): string | undefined {
  const faults = (nicSelector.pfNames ?? []).flatMap((entry) => {
    const parsed = parsePfSelector(entry);
    if (!parsed.ok) return `spec.nicSelector.pfNames: ${parsed.message}`;
    const { range } = parsed.value;
    return range && range.last >= numVfs
      ? `spec.nicSelector.pfNames: "${entry}" goes beyond spec.numVfs ${numVfs}, since VFs are counted from 0: narrow the range or set numVfs to at least ${range.last + 1}`
      : [];
  });
  return faults.length === 0 ? undefined : faults.join('; ');
}
