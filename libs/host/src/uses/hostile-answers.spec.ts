import { describe, it } from '@jest/globals';
import { corpus, survives } from '@sriov/testing/survives';
import { TestKernel } from '../test/test-kernel.ts';
import { GET_ALLOCATABLE_RESOURCES, readAllocatable } from './allocatable.ts';
import { DEVICE_CHECKPOINT, LIST_POD_RESOURCES, readAllocations } from './pod-resources.ts';

/** A host with a kubelet that answers this. */
function kubelet(method: { readonly socket: string; readonly method: string }, answer: Uint8Array): TestKernel {
  const kernel = new TestKernel({ files: { [method.socket]: '' } });
  kernel.answers.set(`${method.socket} ${method.method}`, answer);
  return kernel;
}

describe('whatever the kubelet says, we say what pods have, or that nobody knows', () => {
  it('in the file of its device manager', async () => {
    await survives(({ text }) => readAllocations(new TestKernel({ files: { [DEVICE_CHECKPOINT]: text } })), {
      samples: corpus(import.meta.dirname, 'kubelet-checkpoint'),
    });
  });

  it.each([
    ['of pods', LIST_POD_RESOURCES, readAllocations],
    ['of what it can give', GET_ALLOCATABLE_RESOURCES, readAllocatable],
  ])('in its answer %s', async (_, method, read) => {
    await survives(({ bytes }) => read(kubelet(method, bytes)), {
      samples: corpus(import.meta.dirname, 'pod-resources'),
    });
  });
});
