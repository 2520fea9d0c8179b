import { HostKernel } from '@sriov/host';
import { type Settings } from './settings.ts';

/** The machine itself, as it is seen from the pod: a kubelet that does not know that pod is not believed. */
export function openKernel({ podName, podNamespace }: Pick<Settings, 'podName' | 'podNamespace'>): HostKernel {
  const pod = podName === undefined ? undefined : `${podNamespace}/${podName}`;
  return new HostKernel({ hostRoot: '/', pod });
}
