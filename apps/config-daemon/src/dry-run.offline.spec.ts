import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION, type NodeStateSpec } from '@sriov/api';
import { KubeClient } from '@sriov/kube';
import { FakeClock, refusal, ScriptedConnection } from '@sriov/testing';
import { printPlan } from './dry-run.ts';
import { Journal } from './journal/journal.ts';
import { service } from './service.ts';
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
async function print(script: ScriptedConnection['script']): Promise<ScriptedConnection> {
  const connection = new ScriptedConnection();
  connection.script = script;
  const clock = new FakeClock();
  const client = new KubeClient({ connection, clock, fieldManager: 'config-daemon' });
  await printPlan(client, { kernel: testKernel(clock), journal: new Journal(new MemoryFolder()) }, settings);
  return connection;
}
const nodeState = (spec: NodeStateSpec): object => ({
  metadata: {
    name: 'node-1',
    namespace: 'operator',
    annotations: { [ANNOTATION.plannedFrom]: ['0000:00:03.0', ...PORTS].join(',') },
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
