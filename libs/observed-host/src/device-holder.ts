/** A pod that the kubelet has given a device to, and the resource by which the pod asked for it. */
export interface DeviceHolder {
  /** With its prefix: `openshift.io/intelnics`. */
  readonly resource: string;
  /** `namespace/name`, or `UID ...` where the name is not known. */
  readonly pod: string;
}
