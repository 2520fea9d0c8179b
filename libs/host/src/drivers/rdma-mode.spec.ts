import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { readRdmaConfig, setRdmaMode } from './rdma-mode.ts';

const PARAMETER = '/sys/module/ib_core/parameters/netns_mode';
const SET = 'rdma system set netns exclusive';

describe('the switch of the RDMA mode', () => {
  it('is done when the kernel has the mode', async () => {
    const kernel = new TestKernel({ files: { [PARAMETER]: 'N' }, commands: { [SET]: '' } });
    await setRdmaMode(kernel, 'exclusive');
    expect(kernel.done).toEqual([SET]);
  });

  it.each<[string, string, string | undefined, object]>([
    ['the kernel refuses it', '!error: Device or resource busy', 'Y', { name: 'RdmaModeHeldError', mode: 'exclusive' }],
    ['there is no RDMA core', '!Failed to open NETLINK_RDMA socket', undefined, { name: 'CommandError' }],
    ['it has done nothing', '', 'Y', { message: `"${SET}" succeeded, and the RDMA mode is shared` }],
    ['there is no rdma', '[ENOENT]', 'Y', { code: 'ENOENT' }],
  ])('says when %s', async (_, answer, parameter, error) => {
    const files = parameter === undefined ? {} : { [PARAMETER]: parameter };
    await expect(
      setRdmaMode(new TestKernel({ files, commands: { [SET]: answer } }), 'exclusive'),
    ).rejects.toMatchObject(error);
  });
});

describe('what the kernel starts with', () => {
  const OWN = '/etc/modprobe.d/sriov_network_operator_modules_config.conf';

  it('is in the operator’s file, in the files of others and on the command line, which comes last', async () => {
    const files = {
      [OWN]: 'options ib_core netns_mode=0',
      '/etc/modprobe.d/ib.conf':
        '# options ib_core netns_mode=1\n options  ib_core  debug=1 netns_mode=Y\noptions ib netns_mode=1',
      '/etc/modprobe.d/ib.conf.bak': 'options ib_core netns_mode=1',
      '/usr/lib/modprobe.d/x.conf': 'options ib_core netns_mode=off',
      '/proc/cmdline': 'quiet ib_core.netns_mode=1 xib_core.netns_mode=0 ib_core.netns_mode=what',
    };
    expect(await readRdmaConfig(new TestKernel({ files }), 'all')).toEqual({
      file: 'options ib_core netns_mode=0',
      others: [
        { where: '/etc/modprobe.d/ib.conf', words: 'options  ib_core  debug=1 netns_mode=Y', mode: 'shared' },
        { where: '/usr/lib/modprobe.d/x.conf', words: 'options ib_core netns_mode=off', mode: 'exclusive' },
        { where: 'the command line of the kernel', words: 'ib_core.netns_mode=1', mode: 'shared' },
      ],
    });
    expect(await readRdmaConfig(new TestKernel({ files }), 'own')).toEqual({ file: files[OWN], others: [] });
  });

  it('is not known where the file cannot be read, and nothing where there is none', async () => {
    expect(await readRdmaConfig(new TestKernel({ files: { [OWN]: '[EIO]' } }), 'all')).toEqual({
      fault: expect.stringContaining('EIO'),
      others: [],
    });
    expect(await readRdmaConfig(new TestKernel({}), 'all')).toEqual({ others: [] });
  });
});
