import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { type Kernel } from './kernel.ts';
import { listNames, readAttribute, readIfThere, readLinkName } from './sysfs.ts';

const PATH = '/sys/thing';
const outcomeOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.catch((error: unknown) => (error as { code: string }).code);

type Reader = (kernel: Kernel, path: string) => Promise<unknown>;

describe('a file of sysfs', () => {
  it.each<[string, Reader, string, unknown]>([
    ['is read without its line feed', readAttribute, ' 7 ', '7'],
    ['that does not exist has no value', readAttribute, '[ENOENT]', undefined],
    ['whose device is gone has no value', readAttribute, '[ENODEV]', undefined],
    ['that has no value now has none', readAttribute, '[EINVAL]', undefined],
    ['that its driver does not support has no value', readAttribute, '[ENOTSUP]', undefined],
    ['that cannot be read now has no value', readAttribute, '[EIO]', undefined],
    ['that we may not read is a failure', readAttribute, '[EACCES]', 'EACCES'],
    ['that has to be known is read without its line feed', readIfThere, '7', '7'],
    ['that has to be known may not exist', readIfThere, '[ENOENT]', undefined],
    ['that has to be known may be gone with its device', readIfThere, '[ENODEV]', undefined],
    ['that has to be known and has no value now is a failure', readIfThere, '[EINVAL]', 'EINVAL'],
    ['that is a link is read by the last part of its target', readLinkName, '->../../drivers/igb', 'igb'],
    ['that is no link has no target', readLinkName, 'text', undefined],
    ['that is a link may not exist', readLinkName, '[ENOENT]', undefined],
    ['that is a link may be gone with its device', readLinkName, '[ENODEV]', undefined],
    ['that is a link we may not read is a failure', readLinkName, '[EACCES]', 'EACCES'],
    ['that is a folder may not exist', listNames, '[ENOENT]', []],
    ['that is a folder may be gone with its device', listNames, '[ENODEV]', []],
    ['that is no folder has no names in it', listNames, '[ENOTDIR]', []],
    ['that is a folder we may not list is a failure', listNames, '[EACCES]', 'EACCES'],
  ])('%s', async (_, read, content, expected) => {
    const kernel = new TestKernel({ files: { [PATH]: content } });
    expect(await outcomeOf(read(kernel, PATH))).toEqual(expected);
  });

  it('that is a folder has names in it', async () => {
    const kernel = new TestKernel({ files: { [`${PATH}/b`]: '', [`${PATH}/a/c`]: '' } });
    expect(await listNames(kernel, PATH)).toEqual(['a', 'b']);
  });
});
