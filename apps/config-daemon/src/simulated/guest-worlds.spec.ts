import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { observeHost } from '@sriov/host';
import { loadWorld, SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { GuestPlatform } from '../platform/guest-platform.ts';
import { platformPorts } from '../test/test-guest.ts';

const OPENSTACK = {
  '0000:00:03.0': 'openstack/NetworkID:62611d6f-66cb-4270-8b1f-503ef0dd4736',
  '0000:00:04.0': 'openstack/NetworkID:da5bb487-5193-4a65-a3df-4a0055a8c0d7',
  '0000:00:05.0': 'openstack/NetworkID:6ad2b4f2-7f09-4a65-a3df-4a0055a8c0d7',
};
const AWS = {
  '0000:00:05.0': 'aws/NetworkID:0a01',
  '0000:00:06.0': 'aws/NetworkID:0b02',
  '0000:00:07.0': 'aws/NetworkID:0b02',
};

it.each<[string, Record<string, string>]>([
  ['openstack-guest', OPENSTACK],
  ['aws-guest', AWS],
])('the world %s tells the networks of its ports', async (name, expected) => {
  const world = loadWorld(join(import.meta.dirname, `../../../../tools/worlds/${name}.yaml`));
  const clock = new FakeClock();
  const kernel = new SimulatedKernel({ world, clock });
  const platform = new GuestPlatform(platformPorts({ kernel, clock }));
  const look = await platform.look(await observeHost(kernel), () => Promise.resolve([]));
  const networks = [...(look?.ports ?? [])].map(([pciAddress, { network }]) => [pciAddress, network] as const);
  expect(Object.fromEntries(networks)).toEqual(expected);
});
