/** Versions that belong together; `go/` pins the same ones. How to raise them: see README.md beside this folder. */
export const VERSIONS = { kubernetes: '1.37.2', etcd: '3.7.3' } as const;

/** The programs of a control plane, and of the same release the one that runs the pods of a node. */
export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet';

/** Every control plane needs these. */
export const REQUIRED: readonly Program[] = ['etcd', 'kube-apiserver'];
