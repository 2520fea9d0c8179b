import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec } from '@sriov/api';
import { nic, policy, PORTS } from '@sriov/testing/objects';
import { plan } from './test/plan.ts';
import { readResources } from './test/read-resources.ts';

const config = (...specs: Partial<NodePolicySpec>[]): string =>
  plan(
    specs.map((spec, index) =>
      policy(`p${index}`, { priority: 90 - index, nicSelector: { pfNames: ['ens2f0'] }, ...spec }),
    ),
  ).devicePluginConfig;
const selectorsOf = (...specs: Partial<NodePolicySpec>[]): unknown => readResources(config(...specs))[0]?.selectors;

describe('the device-plugin configuration', () => {
  it('is exactly this without a policy', () => {
    expect(config()).toBe('{"resourceList":null}');
  });

  it('is exactly this for two policies that share a PF', () => {
    expect(
      config(
        {
          resourceName: 'r_kernel',
          numVfs: 8,
          linkType: 'eth',
          nicSelector: { vendor: '8086', deviceID: '1592', pfNames: ['ens2f0#0-3'] },
        },
        {
          resourceName: 'r_dpdk',
          numVfs: 8,
          deviceType: 'vfio-pci',
          needVhostNet: true,
          excludeTopology: true,
          nicSelector: { pfNames: ['left#4-7'] },
        },
      ),
    ).toBe(
      '{"resourceList":[{"resourceName":"r_kernel","selectors":{"vendors":["8086"],"devices":["1889"],"pfNames":["ens2f0#0-3"],"linkTypes":["ether"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null},{"resourceName":"r_dpdk","excludeTopology":true,"selectors":{"pfNames":["ens2f0#4-7"],"IsRdma":false,"NeedVhostNet":true},"SelectorObj":null}]}',
    );
  });

  it.each<[string, Partial<NodePolicySpec>, object]>([
    ['the link type of kernel VFs', { linkType: 'IB' }, { linkTypes: ['infiniband'] }],
    ['the VF id of a listed PF', { nicSelector: { deviceID: '1017' } }, { devices: ['1018'] }],
    ['the PF id when there are no VFs', { numVfs: 0, nicSelector: { deviceID: '1017' } }, { devices: ['1017'] }],
    ['the vDPA type', { vdpaType: 'vhost' }, { vdpaType: 'vhost' }],
    ['RDMA', { isRdma: true }, { IsRdma: true }],
    ['root devices', { nicSelector: { rootDevices: ['0000:3b:00.0'] } }, { rootDevices: ['0000:3b:00.0'] }],
  ])('says %s', (_, spec, selectors) => {
    expect(selectorsOf(spec)).toMatchObject(selectors);
  });

  it.each<[string, Partial<NodePolicySpec>, string]>([
    ['the link type of vfio-pci VFs', { linkType: 'IB', deviceType: 'vfio-pci' }, 'linkTypes'],
    ['RDMA where there is vDPA, over which the device plugin would end', { isRdma: true, vdpaType: 'vhost' }, 'isRdma'],
  ])('says nothing of %s', (_, spec, key) => {
    expect(selectorsOf(spec)).not.toHaveProperty(key);
  });

  it('takes the VF id of an unlisted PF from the VFs that stand on it', () => {
    const port = nic('eth0', '0000:00:04.0', {
      deviceID: 'abcd',
      Vfs: [{ vfID: 0, pciAddress: '0000:00:04.1', deviceID: 'abce' }],
    });
    const { devicePluginConfig } = plan([policy('p', { nicSelector: { deviceID: 'abcd' } })], { interfaces: [port] });
    expect(devicePluginConfig).toContain('"devices":["abce"]');
  });

  it('lists the PCI addresses that a net filter finds', () => {
    const ports = [nic('eth1', '0000:04:00.0', { netFilter: 'aws/NetworkID:a' }), nic('eth2', '0000:05:00.0')];
    const policies = [policy('p', { numVfs: 1, nicSelector: { netFilter: 'aws/NetworkID:a' } })];
    expect(plan(policies, { interfaces: ports }).devicePluginConfig).toBe(
      '{"resourceList":[{"resourceName":"r","selectors":{"pciAddresses":["0000:04:00.0"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null}]}',
    );
  });

  it('takes no VF id from a PF of another vendor, nor from a VF that tells none', () => {
    const pciAddress = '0000:00:04.0';
    const port = (vendor: string, ...ids: (string | undefined)[]): ReturnType<typeof nic> =>
      nic('eth0', pciAddress, {
        vendor,
        deviceID: 'abcd',
        Vfs: ids.map((deviceID, vfID) => ({ vfID, pciAddress: `0000:00:05.${vfID}`, deviceID })),
      });
    const interfaces = [port('8086', undefined, 'abce'), { ...port('15b3', 'beef'), pciAddress: '0000:00:06.0' }];
    const policies = [policy('p', { nicSelector: { vendor: '8086', deviceID: 'abcd' } })];
    expect(plan(policies, { interfaces }).devicePluginConfig).toContain('"devices":["abce"]');
  });

  it.each<[string, Partial<NodePolicySpec>]>([
    ['an empty selector', { nicSelector: {} }],
    ['a net filter of no port', { numVfs: 1, nicSelector: { netFilter: 'aws/NetworkID:a' } }],
  ])('has no resource for %s: without selectors the device plugin would hand out every device', (_, spec) => {
    expect(config(spec)).toBe('{"resourceList":null}');
    expect(config(spec, { nicSelector: { vendor: '8086' } })).toBe(config({ nicSelector: { vendor: '8086' } }));
  });

  it('stays as it is while the node has told of no device', () => {
    const policies = [
      policy('net', { resourceName: 'n', numVfs: 1, nicSelector: { netFilter: 'aws/NetworkID:a' } }),
      policy('left', { nicSelector: { pfNames: ['left'] } }),
    ];
    const before = plan(policies, {
      interfaces: [...PORTS, nic('eth1', '0000:04:00.0', { netFilter: 'aws/NetworkID:a' })],
    });
    const after = plan(policies, { interfaces: [], spec: before.spec, config: before.devicePluginConfig });
    expect(after.devicePluginConfig).toBe(before.devicePluginConfig);
    expect(before.devicePluginConfig).toContain('0000:04:00.0');
  });

  it('writes what Go escapes as Go does', () => {
    expect(config({ nicSelector: { pfNames: ['a<b>&\u2028\u2029'] } })).toContain(
      '"pfNames":["a\\u003cb\\u003e\\u0026\\u2028\\u2029"]',
    );
  });

  it('has ranges as they were written', () => {
    expect(selectorsOf({ numVfs: 8, nicSelector: { pfNames: ['left#00-03'] } })).toMatchObject({
      pfNames: ['ens2f0#00-03'],
    });
  });

  it('joins policies of one resource', () => {
    expect(
      selectorsOf(
        { nicSelector: { vendor: '8086', rootDevices: ['A'] } },
        { nicSelector: { vendor: '15b3', rootDevices: ['B', 'A'] } },
      ),
    ).toMatchObject({ vendors: ['8086', '15b3'], rootDevices: ['A', 'B'] });
  });

  it('lets the higher precedence decide what can be one thing only, and tells the lower', () => {
    const specs = [
      { isRdma: true, excludeTopology: true, nicSelector: { pfNames: ['ens2f0'] } },
      { isRdma: false, nicSelector: { pfNames: ['ens2f1'] } },
    ];
    expect(config(...specs)).not.toContain('excludeTopology');
    expect(selectorsOf(...specs)).toMatchObject({ IsRdma: false });
    const policies = specs.map((spec, index) => policy(`p${index}`, { priority: 90 - index, ...spec }));
    expect(plan(policies).problems.map(({ name, message }) => [name, message.split(' ')[0]])).toEqual([
      ['p0', 'isRdma'],
      ['p0', 'excludeTopology'],
    ]);
  });
});

it('RDMA on vDPA, which would end the device plugin, is handed out without RDMA, and its policy is told', () => {
  const policies = [
    policy('p', { isRdma: true, vdpaType: 'virtio', eSwitchMode: 'switchdev', nicSelector: { pfNames: ['ens2f0'] } }),
  ];
  const { devicePluginConfig, problems } = plan(policies);
  expect(devicePluginConfig).toContain('"IsRdma":false');
  expect(problems).toMatchObject([
    {
      name: 'p',
      reason: 'PolicyInvalid',
      message: expect.stringContaining(
        'spec.isRdma true cannot be combined with vdpaType virtio: the VFs are handed out without RDMA; remove one of the two',
      ),
    },
  ]);
});
