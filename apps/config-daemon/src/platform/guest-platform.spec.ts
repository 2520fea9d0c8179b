import { beforeEach, describe, expect, it } from '@jest/globals';
import { observeHost } from '@sriov/host';
import { type SimulatedKernel } from '@sriov/host-sim';
import { type KnownPort } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { GUEST, guestKernel, NETWORKS, novaFiles, platformPorts } from '../test/test-guest.ts';
import { GuestPlatform, type PlatformLook } from './guest-platform.ts';
import { type MetadataService } from './metadata-service.ts';

const NOVA = { dmi: { product_name: 'OpenStack Nova' } };
let clock: FakeClock;
let asked: string[];

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
});

/** A service that answers what it is told to, and else as the machine's. */
function serviceOf(kernel: SimulatedKernel, answers: Record<string, string | Error>): MetadataService {
  return {
    ask: (request) => {
      asked.push(request.path);
      const answer = answers[request.path];
      if (answer instanceof Error) return Promise.reject(answer);
      return answer === undefined ? kernel.metadata.ask(request) : Promise.resolve({ status: 200, text: answer });
    },
  };
}

const networksOf = (look: PlatformLook | undefined): unknown =>
  look && Object.fromEntries([...look.ports].map(([pciAddress, { network }]) => [pciAddress, network]));

interface Case {
  readonly world: Record<string, unknown>;
  readonly answers?: Record<string, string | Error>;
  readonly providerID?: string;
}

/** A daemon's platform, and looks at the host with it. */
function platformOf({ world, answers = {}, providerID = '' }: Case): {
  readonly kernel: SimulatedKernel;
  readonly look: (remembered?: readonly KnownPort[]) => Promise<PlatformLook | undefined>;
} {
  const kernel = guestKernel(clock, world);
  const metadata = serviceOf(kernel, answers);
  const readProviderID = (): Promise<string> => Promise.resolve(providerID);
  const platform = new GuestPlatform(platformPorts({ kernel, clock }, { metadata, readProviderID }));
  return {
    kernel,
    look: async (remembered = []) => platform.look(await observeHost(kernel), () => Promise.resolve(remembered)),
  };
}

const openstack = {
  [GUEST.node]: 'openstack/NetworkID:0a0b0c0d',
  [GUEST.virtio]: `openstack/NetworkID:${NETWORKS.virtio}`,
  [GUEST.vf]: `openstack/NetworkID:${NETWORKS.vf}`,
};
const service = Object.fromEntries(Object.entries(novaFiles()).map(([path, text]) => [`/${path}`, text]));
const MACS = '/latest/meta-data/network/interfaces/macs/';
const ec2 = {
  [MACS]: 'fa:16:3e:00:00:03/\nfa:16:3e:00:00:04/',
  [`${MACS}fa:16:3e:00:00:03/subnet-id`]: 'subnet-0a',
  [`${MACS}fa:16:3e:00:00:04/subnet-id`]: 'subnet-0b',
};
const aws = { [GUEST.node]: 'aws/NetworkID:0a', [GUEST.virtio]: 'aws/NetworkID:0b' };

describe('a virtual machine learns the networks of its ports', () => {
  it.each<[string, Case, unknown]>([
    ['from its config drive', { world: { ...NOVA, configDrive: { files: novaFiles() } } }, openstack],
    [
      'from the metadata service of OpenStack where it has no config drive',
      { world: { ...NOVA, metadata: service } },
      openstack,
    ],
    [
      'from the metadata service where its config drive is damaged',
      {
        world: {
          ...NOVA,
          metadata: service,
          configDrive: { files: { 'openstack/2018-08-27/network_data.json': '{' } },
        },
      },
      openstack,
    ],
    ['from the metadata service of EC2', { world: { dmi: { sys_vendor: 'Amazon EC2' }, metadata: ec2 } }, aws],
    ['where only its node says on which platform it is', { world: { metadata: ec2 }, providerID: 'aws:///a/i-1' }, aws],
    ['and not on bare metal', { world: { dmi: { sys_vendor: 'Dell Inc.' }, metadata: service } }, undefined],
  ])('%s', async (_, setup, expected) => {
    expect(networksOf(await platformOf(setup).look())).toEqual(expected);
  });

  it.each<[string, Record<string, string | Error>, RegExp]>([
    [
      'does not answer',
      Object.fromEntries(Object.keys(service).map((path) => [path, new Error('ETIMEDOUT')])),
      /ETIMEDOUT/,
    ],
    [
      'answers nonsense',
      Object.fromEntries(Object.keys(service).map((path) => [path, '<html>'])),
      /network_data.json is not JSON/,
    ],
    ['knows no such file', {}, /HTTP status 404/],
  ])('later, and keeps what was known, where the service %s', async (_, answers, cause) => {
    const { look } = platformOf({ world: NOVA, answers });
    const known = { pciAddress: GUEST.vf, mac: 'fa:16:3e:00:00:05', network: 'openstack/NetworkID:old' };
    const first = await look([known]);
    expect(networksOf(first)).toEqual({ [GUEST.vf]: 'openstack/NetworkID:old' });
    expect(first?.unknown).toMatch(/^the metadata of OpenStack cannot be read \(/);
    expect(first?.unknown).toMatch(cause);
    expect(first?.known).toMatchObject([known]);
  });

  it('asks a service that has failed again after a minute, and not before', async () => {
    const answers: Record<string, string | Error> = {
      '/openstack/2018-08-27/network_data.json': new Error('EHOSTUNREACH'),
    };
    const { look } = platformOf({ world: { ...NOVA, metadata: service }, answers });
    await look();
    await look();
    expect(asked).toHaveLength(1);
    delete answers['/openstack/2018-08-27/network_data.json'];
    await clock.advance(60_000);
    const healed = await look();
    expect(networksOf(healed)).toEqual(openstack);
    expect(healed?.unknown).toBeUndefined();
  });

  it('asks once, and again for a device that it has not been told of', async () => {
    const metadata = { ...service };
    const { kernel, look } = platformOf({ world: { ...NOVA, metadata } });
    await look();
    await look();
    expect(asked).toHaveLength(2);
    await kernel.unplug(GUEST.vf);
    await look();
    kernel.plug();
    await look();
    expect(asked).toHaveLength(2);
  });

  it('asks for a device that nobody knows when it comes, and not at each look', async () => {
    const [path = ''] = Object.keys(service);
    const others = novaFiles({ 'fa:16:3e:00:00:03': 'a' });
    const { kernel, look } = platformOf({ world: NOVA, answers: { [path]: Object.values(others)[0] ?? '' } });
    await look();
    const once = asked.length;
    await look();
    expect(asked).toHaveLength(once);
    await kernel.unplug(GUEST.vf);
    await look();
    expect(asked.length).toBeGreaterThan(once);
  });

  it('does not wait longer than 20 s for all answers', async () => {
    const kernel = guestKernel(clock, NOVA);
    const metadata = { ask: () => new Promise<never>(() => undefined) };
    const platform = new GuestPlatform(platformPorts({ kernel, clock }, { metadata }));
    const looking = platform.look(await observeHost(kernel), () => Promise.resolve([]));
    expect((await clock.run(looking))?.unknown).toMatch(/no whole answer within 20 s/);
  });

  it('goes by its firmware while the Node cannot be read', async () => {
    const kernel = guestKernel(clock);
    const readProviderID = (): Promise<string> => Promise.reject(new Error('403'));
    const platform = new GuestPlatform(platformPorts({ kernel, clock }, { readProviderID }));
    expect(networksOf(await platform.look(await observeHost(kernel), () => Promise.resolve([])))).toEqual(openstack);
  });
});
