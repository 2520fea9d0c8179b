import { beforeEach, describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { encodeAllocatable, GET_ALLOCATABLE_RESOURCES, readAllocatable } from './allocatable.ts';
import { DEVICE_CHECKPOINT } from './pod-resources.ts';

const { socket, method } = GET_ALLOCATABLE_RESOURCES;
let kernel: TestKernel;

beforeEach(() => {
  kernel = new TestKernel({ files: { [socket]: '' } });
});

const answer = (bytes: Uint8Array): void => {
  kernel.answers.set(`${socket} ${method}`, bytes);
};

describe('what the kubelet can give to pods', () => {
  it('is what it lists, of all resources', async () => {
    const devices = [
      { resourceName: 'openshift.io/nics', deviceIds: ['0000:01:10.0', '0000:01:10.2'] },
      { resourceName: 'nvidia.com/gpu', deviceIds: ['gpu-7'] },
      { resourceName: 'openshift.io/none' },
    ];
    answer(encodeAllocatable({ devices }));
    expect(await readAllocatable(kernel)).toEqual({ devices: new Set(['0000:01:10.0', '0000:01:10.2', 'gpu-7']) });
  });

  it('is nothing when it lists nothing', async () => {
    answer(encodeAllocatable({}));
    expect(await readAllocatable(kernel)).toEqual({ devices: new Set() });
  });

  it.each<[string, (() => void) | undefined, RegExp]>([
    ['does not answer', undefined, /UNAVAILABLE/],
    ['answers what makes no sense', () => answer(Uint8Array.from([0x0a, 0xff, 1])), /./],
    [
      'has no socket, and has left its file',
      () => kernel.files.delete(socket) && kernel.files.set(DEVICE_CHECKPOINT, '{}'),
      /^there is no /,
    ],
    ['has a folder that cannot be read', () => kernel.files.set(socket.replace(/\/[^/]+$/, ''), '[EACCES]'), /EACCES/],
  ])('is unknown when it %s', async (_, prepare, cause) => {
    prepare?.();
    const { devices, unknown } = await readAllocatable(kernel);
    expect(unknown).toMatch(cause);
    expect(devices.size).toBe(0);
  });

  it('is nothing where there is no kubelet', async () => {
    expect(await readAllocatable(new TestKernel({}))).toEqual({ devices: new Set() });
  });
});
