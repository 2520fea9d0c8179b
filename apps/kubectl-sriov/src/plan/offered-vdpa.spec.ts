import { describe, expect, it } from '@jest/globals';
import { answerAllocate } from '@sriov/device-pool';
import { readDeviceNodes } from '@sriov/host';
import { policy } from '@sriov/testing/objects';
import { type Offer, SimulatedNode } from '../test/simulated-node.ts';

const PF = '0000:01:00.0';
const vf = (id: number): string => `0000:01:00.${id + 2}`;

/** A node with a port of mlx5 in switchdev mode. */
async function node(): Promise<SimulatedNode> {
  const nics = [{ model: 'mlx5', address: PF, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true }];
  const made = new SimulatedNode({ nics });
  await made.kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${PF}`, 'mode', 'switchdev']);
  return made;
}

/** A policy for some of four VFs. */
const vdpaPolicy = (name: string, range: string, vdpaType?: 'vhost' | 'virtio'): ReturnType<typeof policy> =>
  policy(name, {
    resourceName: name,
    numVfs: 4,
    deviceType: 'netdevice',
    eSwitchMode: 'switchdev',
    nicSelector: { pfNames: [`ens1#${range}`] },
    ...(vdpaType && { vdpaType }),
  });

const healthy = ({ pools }: Offer): Record<string, string[]> =>
  Object.fromEntries(
    pools.map(({ resource, devices }) => [
      resource.resourceName,
      devices.filter(({ isHealthy }) => isHealthy).map(({ id }) => id),
    ]),
  );

/** Device files that a container gets which is given a VF. */
async function filesOf({ kernel }: SimulatedNode, { pools, devices }: Offer, id: string): Promise<unknown> {
  const pool = pools.find((each) => each.devices.some((device) => device.id === id));
  const device = devices.find((each) => each.id === id);
  if (pool === undefined || device === undefined) return undefined;
  const nodes = new Map([[id, await readDeviceNodes(kernel, device)]]);
  const answer = answerAllocate(pool, [id], { nodes, useCdi: false });
  return 'problem' in answer ? answer.problem : answer.devices.map(({ hostPath }) => hostPath);
}

describe('VFs of policies that want vDPA devices', () => {
  const POLICIES = [
    vdpaPolicy('vhost', '0-1', 'vhost'),
    vdpaPolicy('virtio', '2-2', 'virtio'),
    vdpaPolicy('plain', '3-3'),
  ];

  it('are offered once they have them, those for guests with the device file', async () => {
    const made = await node();
    const { converged } = await made.follow(POLICIES);
    expect(converged.rest).toMatchObject({ pfs: [], problems: [] });
    const offer = await made.offer();
    expect(healthy(offer)).toEqual({ vhost: [vf(0), vf(1)], virtio: [vf(2)], plain: [vf(3)] });
    const files = await Promise.all([0, 1, 2, 3].map((id) => filesOf(made, offer, vf(id))));
    expect(files).toEqual([['/dev/vhost-vdpa-0'], ['/dev/vhost-vdpa-1'], [], []]);
  });

  it('are offered as what they are after a change of the policies', async () => {
    const made = await node();
    await made.follow(POLICIES);
    await made.follow([vdpaPolicy('vhost', '0-0', 'vhost'), vdpaPolicy('virtio', '1-3', 'virtio')]);
    expect(healthy(await made.offer())).toEqual({ vhost: [vf(0)], virtio: [vf(1), vf(2), vf(3)] });
  });

  it('are not offered while they have none, and the device plugin says why', async () => {
    const made = await node();
    await made.follow(POLICIES);
    await made.kernel.exec('vdpa', ['dev', 'del', `vdpa:${vf(1)}`]);
    const offer = await made.offer();
    expect(healthy(offer)).toMatchObject({ vhost: [vf(0)] });
    expect(offer.heldBack).toMatchObject([{ reason: 'WrongDriver', devices: [vf(1)] }]);
  });
});
