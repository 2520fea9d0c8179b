import { type Kernel, KernelError } from '../kernel/kernel.ts';
import { DEVICE_CHECKPOINT, POD_RESOURCES } from './pod-resources.ts';

/**
 * The kernel as it is in a boot in which the kubelet has not started yet. What the kubelet has left on the disk, its
 * socket and the file of its device manager, is about pods of an earlier boot, and their devices count as free.
 */
export function beforeKubelet(kernel: Kernel): Kernel {
  const absent = (verb: string, path: string): Promise<never> =>
    Promise.reject(new KernelError({ verb, path, code: 'ENOENT' }));
  return {
    read: (path, options) => (path === DEVICE_CHECKPOINT ? absent('read', path) : kernel.read(path, options)),
    list: (path) => (path === POD_RESOURCES.folder ? absent('list', path) : kernel.list(path)),
    write: (path, value, options) => kernel.write(path, value, options),
    readlink: (path) => kernel.readlink(path),
    exec: (command, args, options) => kernel.exec(command, args, options),
    call: (method, message, options) => kernel.call(method, message, options),
    callJson: (method, params, options) => kernel.callJson(method, params, options),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}
