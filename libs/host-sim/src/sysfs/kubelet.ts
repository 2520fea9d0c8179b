import {
  DEVICE_CHECKPOINT,
  encodeAllocatable,
  encodePodResources,
  GET_ALLOCATABLE_RESOURCES,
  LIST_POD_RESOURCES,
  POD_RESOURCES,
  type RpcMethod,
} from '@sriov/host';
import { SYNC_METHOD, syncSocketPath } from '@sriov/plugin-handover';
import { type Machine } from '../machine/machine.ts';
import { RESOURCE, sync } from '../plugin/offer.ts';
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

function checkpointText({ users }: Machine): string {
  const entries = Object.entries(users.allocations).map(([address, { uid, resource = RESOURCE }]) => ({
    PodUID: uid,
    ContainerName: 'main',
    ResourceName: resource,
    DeviceIDs: { '-1': [address] },
    AllocResp: '',
  }));
  const registered = { [RESOURCE]: Object.keys(users.allocations) };
  return JSON.stringify({ Data: { PodDeviceEntries: entries, RegisteredDevices: registered }, Checksum: 0 });
}

/** Answers a gRPC method of the machine. @throws {Errno} the status of gRPC */
export function answerCall(machine: Machine, { socket, method }: RpcMethod): Uint8Array {
  if (machine.plugin.running.some((instance) => syncSocketPath(instance) === socket)) {
    if (method !== SYNC_METHOD) throw new Errno('UNIMPLEMENTED');
    return new TextEncoder().encode(JSON.stringify(sync(machine)));
  }
  if (!machine.world.kubelet || socket !== LIST_POD_RESOURCES.socket) throw new Errno('UNAVAILABLE');
  if (method === LIST_POD_RESOURCES.method) return listPodResources(machine);
  if (method !== GET_ALLOCATABLE_RESOURCES.method) throw new Errno('UNIMPLEMENTED');
  return encodeAllocatable({ devices: [{ resourceName: RESOURCE, deviceIds: machine.plugin.allocatable }] });
}

/**
 * `List` answers with the pods that the kubelet knows (pkg/kubelet/apis/podresources/server_v1.go), and those are none
 * until its source of pods has told it some.
 */
function listPodResources({ users }: Machine): Uint8Array {
  if (users.isKubeletNew) return encodePodResources({});
  const withDevices = Object.entries(users.allocations).map(([address, { namespace, name, resource = RESOURCE }]) => ({
    namespace,
    name,
    containers: [{ devices: [{ resourceName: resource, deviceIds: [address] }] }],
  }));
  return encodePodResources({ podResources: [...(users.pods ?? []), ...withDevices] });
}
