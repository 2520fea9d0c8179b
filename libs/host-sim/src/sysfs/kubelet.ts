import { DEVICE_CHECKPOINT, encodePodResources, LIST_POD_RESOURCES, POD_RESOURCES, type RpcMethod } from '@sriov/host';
import { type Machine } from '../machine/machine.ts';
import { constant, Errno, folder, type Folder } from '../tree.ts';

/**
 * `/var/lib/kubelet`, as far as it tells of devices: the socket of the pod-resources API, and the checkpoint of the
 * device manager (kubelet v1.37, pkg/kubelet/cm/devicemanager/checkpoint). A world without a kubelet has neither.
 */
export function kubeletFolder(machine: Machine): Folder {
  if (!machine.world.kubelet) return folder({});
  const [checkpoint = ''] = DEVICE_CHECKPOINT.split('/').slice(-1);
  return folder({
    'device-plugins': folder({ [checkpoint]: () => constant(checkpointText(machine), 0o600) }),
    'pod-resources': folder({ [POD_RESOURCES.socket]: { kind: 'file', mode: 0o755 } }),
  });
}

const RESOURCE = 'openshift.io/vf';

function checkpointText({ users }: Machine): string {
  const entries = Object.entries(users.allocations).map(([address, { uid }]) => ({
    PodUID: uid,
    ContainerName: 'main',
    ResourceName: RESOURCE,
    DeviceIDs: { '-1': [address] },
    AllocResp: '',
  }));
  const registered = { [RESOURCE]: Object.keys(users.allocations) };
  return JSON.stringify({ Data: { PodDeviceEntries: entries, RegisteredDevices: registered }, Checksum: 0 });
}

/** Answers a gRPC method of the machine. @throws {Errno} the status of gRPC */
export function answerCall(machine: Machine, { socket, method }: RpcMethod): Uint8Array {
  if (!machine.world.kubelet || socket !== LIST_POD_RESOURCES.socket) throw new Errno('UNAVAILABLE');
  if (method !== LIST_POD_RESOURCES.method) throw new Errno('UNIMPLEMENTED');
  return encodePodResources({
    podResources: Object.entries(machine.users.allocations).map(([address, { namespace, name }]) => ({
      namespace,
      name,
      containers: [{ devices: [{ deviceIds: [address] }] }],
    })),
  });
}
