import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TestOvs } from '@sriov/testing/ovs';
import { HostKernel } from '../kernel/host-kernel.ts';
import { observeOvsOffload } from '../observe/observe-ovs-offload.ts';
import { readOvsOffload, setOvsOffload } from './ovs-offload.ts';

jest.setTimeout(120_000);

let ovs: TestOvs;
let kernel: HostKernel;
beforeAll(async () => {
  ovs = await TestOvs.start();
  kernel = new HostKernel({ hostRoot: ovs.root });
});
afterAll(() => ovs.close());
beforeEach(async () => {
  await ovs.vsctl('clear', 'Open_vSwitch', '.', 'other_config', '--', 'clear', 'Open_vSwitch', '.', 'external_ids');
});

const get = (column: string): Promise<string> => ovs.vsctl('get', 'Open_vSwitch', '.', column);

describe('the hardware offload of Open vSwitch', () => {
  it('is set beside the keys of others, and waits for a restart of the ovs-vswitchd that ran', async () => {
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=1000', 'external_ids:system-id=a');
    expect(await readOvsOffload(kernel)).toEqual({});
    await setOvsOffload(kernel);
    expect(await get('other_config')).toBe('{hw-offload="true", max-idle="1000"}');
    expect(await get('external_ids')).toContain('system-id=a');
    expect(await readOvsOffload(kernel)).toEqual({ value: 'true', awaitsRestart: true });
    await ovs.stopSwitch();
    expect(await readOvsOffload(kernel)).toEqual({ value: 'true' });
    await ovs.startSwitch();
    expect(await readOvsOffload(kernel)).toEqual({ value: 'true' });
  });

  it('waits for nobody where ovs-vswitchd did not run, and forgets the one that ran before', async () => {
    await setOvsOffload(kernel);
    await ovs.vsctl('remove', 'Open_vSwitch', '.', 'other_config', 'hw-offload');
    await ovs.stopSwitch();
    await setOvsOffload(kernel);
    expect([await get('other_config'), await get('external_ids')]).toEqual(['{hw-offload="true"}', '{}']);
    await ovs.startSwitch();
    expect(await readOvsOffload(kernel)).toEqual({ value: 'true' });
  });

  it('stays as somebody has set it since it was looked at', async () => {
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:hw-offload=false');
    await setOvsOffload(kernel);
    expect(await get('other_config')).toBe('{hw-offload="false"}');
  });

  it('is nothing on a node without Open vSwitch, and unknown where its database makes no sense', async () => {
    expect(await observeOvsOffload(new HostKernel({ hostRoot: '/nowhere' }))).toBeUndefined();
    const strange = Object.assign(Object.create(kernel) as HostKernel, {
      callJson: () => Promise.resolve([{ rows: [{ other_config: 7, external_ids: ['map', []] }] }]),
    });
    expect(await observeOvsOffload(strange)).toEqual({
      kind: 'unseen',
      cause: expect.stringMatching(/a row of a table/),
    });
    await ovs.stopServer();
    expect(await observeOvsOffload(kernel)).toBeUndefined();
    await ovs.startServer();
    expect(await observeOvsOffload(kernel)).toEqual({ kind: 'seen' });
  });
});
