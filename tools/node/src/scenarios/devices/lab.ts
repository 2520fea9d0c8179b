import assert from 'node:assert/strict';
import { type NodePolicySpec } from '@sriov/api';
import { until } from '@sriov/vm';
import { z } from 'zod';
import { BUSYBOX } from '../../images/build-images.ts';
import { podSpecOf, type PodWish } from '../../pod-spec.ts';
import { type Lab, type Operation } from '../../scenario.ts';

/** The port whose VFs the kernel drives. */
export const KERNEL_PF = 'eth1';
/** The port whose VFs are for user space. */
export const VFIO_PF = 'eth2';
/** Prefix of the resources. */
export const PREFIX = 'openshift.io';

/** What the checks about devices work with. */
export type DeviceLab = Pick<Lab, 'section' | 'node'> & Operation;

/** What a scenario gives to checks about devices: the operator runs on the node. */
export async function labOf({ section, node, operate }: Lab): Promise<DeviceLab> {
  return { section, node, ...(await operate()) };
}

/** Makes a policy for VFs of one port, or changes it. */
export async function applyPolicy(
  { operator }: DeviceLab,
  name: string,
  spec: Pick<NodePolicySpec, 'resourceName' | 'numVfs'> & Partial<NodePolicySpec> & { readonly pf: string },
): Promise<void> {
  const { pf, ...rest } = spec;
  await operator.applyPolicy(name, { priority: 99, deviceType: 'netdevice', ...rest, nicSelector: { pfNames: [pf] } });
}

/** Waits until so many of each resource are allocatable. */
export async function untilAllocatable({ node }: DeviceLab, wanted: Readonly<Record<string, number>>): Promise<void> {
  await node.untilNode(`allocatable: ${JSON.stringify(wanted)}`, ({ status }) =>
    Object.entries(wanted).every(([name, count]) => Number(status.allocatable[`${PREFIX}/${name}`] ?? 0) === count),
  );
}

/** What a container found when it began. */
export interface Found {
  /** Value of `PCIDEVICE_OPENSHIFT_IO_<NAME>`: PCI addresses. */
  readonly addresses: readonly string[];
  /** Names of the files in /dev/vfio. */
  readonly vfio: readonly string[];
  /** MAC addresses of net1, net2 and so on. */
  readonly macs: readonly string[];
}

const LOOK = [
  'for v in $(env | grep "^PCIDEVICE_" | grep -v "_INFO="); do echo "pci ${v#*=}"; done',
  'for f in /dev/vfio/*; do [ ! -e "$f" ] || echo "vfio ${f##*/}"; done',
  'for n in /sys/class/net/net*; do [ ! -e "$n" ] || echo "mac $(cat $n/address)"; done',
  'echo done',
].join('; ');

/** Makes a pod that wants devices, and does not wait for it. */
export async function createPod(
  { node }: Pick<DeviceLab, 'node'>,
  name: string,
  resources: Readonly<Record<string, number>>,
  rest: Pick<PodWish, 'hostNetwork'> = {},
): Promise<void> {
  const named = Object.fromEntries(Object.entries(resources).map(([key, count]) => [`${PREFIX}/${key}`, count]));
  const pod = podSpecOf({ name, image: BUSYBOX, resources: named, begin: LOOK, hasToken: false, ...rest });
  await node.request('POST', '/api/v1/namespaces/default/pods', pod);
}

/** Waits until a pod runs, and returns what its container found. */
export async function lookInside({ node }: Pick<DeviceLab, 'node'>, name: string): Promise<Found> {
  await node.untilRunning({ name });
  const text = await until(`${name} has looked around`, async () => {
    const log = await node.log({ name });
    return log.includes('done\n') ? log : undefined;
  });
  const of = (kind: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${kind} `))
      .flatMap((line) => line.slice(kind.length + 1).split(','));
  return { addresses: of('pci'), vfio: of('vfio'), macs: of('mac') };
}

/** The file in the container is that of the VF as it is now. */
export async function assertHasGroupOfItsVf(
  { node }: Pick<DeviceLab, 'node'>,
  { addresses, vfio }: Found,
): Promise<void> {
  assert.equal(addresses.length, 1);
  const group = (await node.guest.readlink(`/sys/bus/pci/devices/${addresses[0]}/iommu_group`)).split('/').at(-1);
  assert.deepEqual(vfio.toSorted(), [String(group), 'vfio'].toSorted());
}

const checkpointSchema = z.object({
  Data: z.object({
    PodDeviceEntries: z
      .array(z.object({ PodUID: z.string(), DeviceIDs: z.record(z.string(), z.array(z.string())) }))
      .nullable(),
  }),
});

/** No device was given to two pods, and no pod was rejected or has failed. */
export async function assertNobodyIsHurt({ node, history }: DeviceLab): Promise<void> {
  const text = await node.guest.read('/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint');
  const entries = checkpointSchema.parse(JSON.parse(text)).Data.PodDeviceEntries ?? [];
  const given = entries.flatMap(({ DeviceIDs }) => Object.values(DeviceIDs).flat());
  assert.deepEqual(given.sort(), [...new Set(given)].sort(), 'a device was given twice');
  history.assertComplete();
  assert.deepEqual([...history.failed], []);
}
