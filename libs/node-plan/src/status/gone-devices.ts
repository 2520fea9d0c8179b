import { type NodeStateSpec } from '@sriov/api';
import { type DeviceHolder } from '@sriov/observed-host';
import { describePod } from '../words/describe-pod.ts';
import { type GoneDevice } from './resources-condition.ts';

/** What bears on whether a pod has a device that is no longer there. */
export interface GivenDevices {
  /** Every spec whose resources count as ours: the present one, and what was in force before. */
  readonly specs: readonly NodeStateSpec[];
  /** What the kubelet has given to pods, by the id of the device. */
  readonly allocated: ReadonlyMap<string, readonly DeviceHolder[]>;
  /** PCI addresses of all devices of the host. */
  readonly present: ReadonlySet<string>;
}

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/**
 * The devices of our resources that pods have and the host has not, in order of their ids. Ids that are not PCI
 * addresses are not ours to judge, and neither are the resources of others.
 */
export function goneDevices({ specs, allocated, present }: GivenDevices): GoneDevice[] {
  const ours = new Set(
    specs.flatMap(({ interfaces = [] }) =>
      interfaces.flatMap(({ vfGroups = [] }) => vfGroups.map(({ resourceName }) => resourceName)),
    ),
  );
  return [...allocated]
    .filter(([device]) => PCI_ADDRESS.test(device) && !present.has(device))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([device, holders]) =>
      holders
        .filter(({ resource }) => ours.has(resource.split('/').at(-1)))
        .map(({ resource, pod }) => ({ resource, device, holder: describePod(pod) })),
    );
}
