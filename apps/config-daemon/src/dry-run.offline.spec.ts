import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION, type NodeStateSpec } from '@sriov/api';
import { KubeClient } from '@sriov/kube';
import { FakeClock, refusal, ScriptedConnection } from '@sriov/testing';
import { printPlan } from './dry-run.ts';
import { Journal } from './journal/journal.ts';
import { service } from './service.ts';
import { guid, GuidHost } from './test/guid-host.ts';
import { MemoryFolder, PORTS, testKernel, testSpec } from './test/test-host.ts';

const settings = service.schema.parse({ nodeName: 'node-1', namespace: 'operator' });
let out = '';
const write = process.stdout.write.bind(process.stdout);
beforeEach(() => {
  out = '';
  process.stdout.write = (text: string | Uint8Array): boolean => {
    out += String(text);
    return true;
  };
});
afterEach(() => {
  process.stdout.write = write;
});

/** What is printed for a node state with this spec; the default route goes over none of its PFs. */
async function print(
  script: ScriptedConnection['script'],
  kernel = testKernel(new FakeClock()),
  folder = new MemoryFolder(),
): Promise<ScriptedConnection> {
  const connection = new ScriptedConnection();
  connection.script = script;
  const clock = new FakeClock();
  const client = new KubeClient({ connection, clock, fieldManager: 'config-daemon' });
  await printPlan(client, { kernel, journal: new Journal(folder) }, settings);
  return connection;
}
const nodeState = (spec: NodeStateSpec, hash?: string): object => ({
  metadata: {
    name: 'node-1',
    namespace: 'operator',
    annotations: {
      [ANNOTATION.plannedFrom]: ['0000:00:03.0', ...PORTS].join(','),
      ...(hash !== undefined && { [ANNOTATION.devicePluginConfigHash]: hash }),
    },
  },
  spec,
});

describe('a dry run', () => {
  it('prints what would be done, and writes nothing', async () => {
    const connection = await print(() => ({ body: nodeState(testSpec(4, 2)) }));
    expect(out).toMatch(/^load kernel module vfio-pci unless it is loaded\n/);
    expect(out).toContain(`\nens1 (${PORTS[0]}):\n  because the number of VFs is 0, not 4\n`);
    expect(out).toMatch(/\nrestart the device plugin:\n {2}because .*\n$/s);
    expect(connection.sent).toMatchObject([
      { method: 'GET', path: expect.stringMatching(/\/namespaces\/operator\/sriovnetworknodestates\/node-1$/) },
    ]);
  });

  it('says that there is nothing to do', async () => {
    await print(() => ({ body: nodeState({}) }));
    expect(out).toBe('nothing to do: the host is as the spec wants it\n');
  });

  it('leaves PFs alone that the host itself uses, unless it may change them', async () => {
    const spec = { interfaces: [{ pciAddress: '0000:00:03.0', name: 'eno1', numVfs: 0, mtu: 9000 }] };
    await print(() => ({ body: nodeState(spec) }));
    expect(out).toMatch(/^not done \(/);
  });

  it('says which pod delays the restart of the device plugin, because its VF has another resource now', async () => {
    const kernel = testKernel(new FakeClock());
    await kernel.write(`/sys/bus/pci/devices/${PORTS[0]}/sriov_numvfs`, '1');
    const [vf = ''] = kernel.state.devices[PORTS[0]]?.pf?.vfs ?? [];
    kernel.users.allocate(vf ?? '', { resource: 'openshift.io/old' });
    const folder = new MemoryFolder();
    folder.files.set('device-plugin', '{"configHash":"a"}');
    const vfGroups = [{ resourceName: 'new', policyName: 'p', vfRange: '0-0' }];
    const wanted = nodeState({ interfaces: [{ pciAddress: PORTS[0], name: 'ens1', numVfs: 1, vfGroups }] }, 'b');
    await print(() => ({ body: wanted }), kernel, folder);
    const title = `ens1 (${PORTS[0]})`;
    expect(out).toBe(
      `not done (VirtualFunctionInUse): ${title}: the device plugin is not restarted, because it would then give VFs to a second pod: VF 0 is part of new now, and pod default/web has it as openshift.io/old: delete the pods, or wait until they end
restart the device plugin later:
  because the configuration of the device plugin has changed
  not before ${PORTS[0]} is settled
`,
    );
  });

  it('lists the GUIDs that VFs of an InfiniBand port would get, and writes nothing', async () => {
    const host = new GuidHost();
    host.putFile([1, 2]);
    const vfGroups = [{ resourceName: 'r', policyName: 'p', vfRange: '0-1' }];
    const spec = { interfaces: [{ pciAddress: PORTS[0], name: 'ib0', numVfs: 2, vfGroups }] };
    await print(() => ({ body: nodeState(spec) }), host.kernel, host.folder);
    expect(out).toContain('\n  VF 0-1: set its GUIDs, let its link follow the PF, bind mlx5_core\n');
    expect(out).toContain(
      `\nGUID of VF 0 of ib0 (${PORTS[0]}): ${guid(1)}\nGUID of VF 1 of ib0 (${PORTS[0]}): ${guid(2)}\n`,
    );
    expect([...host.folder.files.keys()]).toEqual(['infiniband/guids']);
  });

  it('says that it cannot see which device plugin is there', async () => {
    const kernel = testKernel(new FakeClock());
    kernel.addFault({ verb: 'list', path: '/run/sriov-operator', errno: 'EACCES' });
    await print(() => ({ body: nodeState({}) }), kernel);
    expect(out).toBe("whether the device plugin is the operator's cannot be seen: list /run/sriov-operator: EACCES\n");
  });

  it('says that there is no node state', async () => {
    await expect(print(() => undefined)).rejects.toMatchObject({
      code: 'NO_NODE_STATE',
      message: 'there is no SriovNetworkNodeState operator/node-1',
    });
    expect(out).toBe('');
  });

  it('says that the API server refuses to show it', async () => {
    await expect(print(() => refusal(403, 'forbidden'))).rejects.toMatchObject({ status: 403 });
  });
});
