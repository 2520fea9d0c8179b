import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { createLogger, Metrics, systemClock } from '@sriov/runtime';
import { converge } from '../converge.ts';
import { wishOf } from '../gather.ts';
import { Journal } from '../journal/journal.ts';
import { createPluginRestarter } from './apply-restart.ts';
import { createPluginMetrics } from './plugin-metrics.ts';
import { hostPorts, MemoryFolder, MemoryPods, PORTS, PowerCut, testKernel, testSpec } from '../test/test-host.ts';

jest.setTimeout(60_000);

/** One port is enough, and a few VFs. */
const specOf = (...numbers: Parameters<typeof testSpec>): NodeStateSpec => ({
  interfaces: (testSpec(...numbers).interfaces ?? []).slice(0, 1),
});

const HASH = ANNOTATION.devicePluginConfigHash;

let kernel: SimulatedKernel;
let folder: MemoryFolder;
let pods: MemoryPods;
beforeEach(() => reset());
function reset(): void {
  kernel = testKernel(systemClock);
  folder = new MemoryFolder();
  pods = new MemoryPods();
}

const stateWith = (spec: NodeStateSpec, hash?: string): SriovNetworkNodeState => ({
  metadata: {
    name: 'node-1',
    generation: 1,
    annotations: {
      [ANNOTATION.plannedFrom]: PORTS.join(','),
      ...(hash !== undefined && { [ANNOTATION.devicePluginConfigHash]: hash }),
    },
  },
  spec,
});

/** One pass of a daemon that was just started, cut off after so many changes. */
async function pass(
  state: SriovNetworkNodeState,
  cut = new PowerCut(Infinity),
  cached = state,
): Promise<string | undefined> {
  const journal = new Journal(cut.folder(folder));
  const restart = createPluginRestarter({
    kernel,
    pods: cut.pods(pods),
    journal,
    getNodeState: () => cached,
    recorder: { record: () => undefined },
    log: createLogger({ service: 'test', level: 'silent' }),
    metrics: createPluginMetrics(new Metrics()),
  });
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  const wanted = { ...wishOf(state), allowHostInterfaces: false };
  const end = await restart(
    state,
    await converge(hostPorts({ kernel: cut.kernel(kernel), journal }), wanted, followers),
  );
  return end.problem ?? end.delays[0]?.message;
}

describe('a daemon that is killed at any step and started again restarts the device plugin exactly', () => {
  const before = stateWith(specOf(3, 1, 1500), 'a');

  it.each<[string, number, SriovNetworkNodeState]>([
    ['once for VFs that are made', 1, stateWith(specOf(2, 1), 'b')],
    ['once for VFs that change their driver', 1, stateWith(specOf(3, 2, 1500), 'b')],
    ['once for VFs that change, their configuration does not', 1, stateWith(specOf(3, 2, 1500), 'a')],
    ['once for everything that is given back', 1, stateWith({}, 'b')],
    ['once for a configuration that changes', 1, stateWith(specOf(3, 1, 1500), 'b')],
    ['never for an MTU that changes', 0, stateWith(specOf(3, 1), 'a')],
  ])('%s', async (_, restarts, state) => {
    for (let calls = 0, isDone = false; !isDone; calls += 1) {
      reset();
      await pass(before);
      pods.restarts = 0;
      const cut = new PowerCut(calls);
      await pass(state, cut).catch(() => undefined);
      expect(await pass(state)).toBeUndefined();
      expect([calls, pods.restarts]).toEqual([calls, restarts]);
      expect(await pass(state)).toBeUndefined();
      expect(pods.restarts).toBe(restarts);
      isDone = !cut.happened;
    }
  });
});

describe('a daemon that knows nothing of the device plugin', () => {
  it('takes the configuration that stands there for the one that it runs with', async () => {
    await pass(stateWith({}, 'a'));
    expect([...folder.files]).toEqual([['device-plugin', '{"configHash":"a"}\n']]);
    await pass(stateWith({}, 'b'));
    expect(pods.restarts).toBe(1);
  });

  it('restarts it when it makes VFs', async () => {
    await pass(stateWith(specOf(3, 1), 'a'));
    expect(pods.restarts).toBe(1);
  });

  it('and learns of no configuration, writes nothing, and takes the first that comes for the present one', async () => {
    await pass(stateWith({}));
    expect([...folder.files]).toEqual([]);
    await pass(stateWith({}, 'a'));
    expect(pods.restarts).toBe(0);
  });

  it('restarts it when it knew something and the file is damaged', async () => {
    folder.files.set('device-plugin', '{');
    await pass(stateWith({}, 'a'));
    await pass(stateWith({}, 'a'));
    expect(pods.restarts).toBe(1);
  });
});

it('a pod that came after a restart was decided is left alone', async () => {
  await pass(stateWith({}, 'a'));
  // Deleted, and the daemon ended before it could write that down.
  const owed = { because: ['a change'], found: { uids: ['0'], configHash: 'b' } };
  folder.files.set('device-plugin', JSON.stringify({ configHash: 'a', owed }));
  pods.restarts = 1;
  await pass(stateWith({}, 'b'));
  expect(pods.restarts).toBe(1);
  expect(folder.files.get('device-plugin')).toBe('{"configHash":"b"}\n');
});

it('without a pod there is nothing to restart', async () => {
  await pass(stateWith({}, 'a'));
  pods.list = () => Promise.resolve([]);
  expect(await pass(stateWith(specOf(3, 1), 'b'))).toBeUndefined();
  expect(folder.files.get('device-plugin')).toBe('{"configHash":"b"}\n');
});

it('nothing is deleted when that could not be written down: it would be done again and again', async () => {
  await pass(stateWith({}, 'a'));
  folder.write = () => Promise.reject(new Error('no space left on device'));
  expect(await pass(stateWith({}, 'b'))).toBe('the device plugin could not be restarted: no space left on device');
  expect(pods.restarts).toBe(0);
});

it.each<[string, (state: SriovNetworkNodeState) => SriovNetworkNodeState]>([
  [
    'was created again without a plan',
    () => ({
      metadata: { name: 'node-1', uid: 'new', generation: 1, annotations: { [HASH]: 'of nothing' } },
      spec: {},
    }),
  ],
  [
    'was created again with a plan that is next',
    (state) => ({ ...state, metadata: { ...stateWith({}, 'of nothing').metadata, uid: 'new' } }),
  ],
  [
    'has lost its plan',
    ({ metadata, ...state }) => ({ ...state, metadata: { ...metadata, annotations: { [HASH]: 'of nothing' } } }),
  ],
])('nothing is restarted for a node state that %s while the pass was under way', async (_, change) => {
  const state = stateWith(specOf(3, 1), 'a');
  await pass(state);
  pods.restarts = 0;
  await pass(state, undefined, change(state));
  expect(pods.restarts).toBe(0);
});

describe('a pod that holds a VF under a name that its resource no longer has', () => {
  const GROUPS = [{ resourceName: 'old', policyName: 'p', deviceType: 'netdevice', vfRange: '0-1' }];
  const named = (resourceName: string): NodeStateSpec => ({
    interfaces: [{ pciAddress: PORTS[0], name: 'ens1', numVfs: 2, vfGroups: [{ ...GROUPS[0], resourceName }] }],
  });
  const vf = (): string => kernel.state.devices[PORTS[0]]?.pf?.vfs[1] ?? '';
  const hold = (resource: string): (() => void) => kernel.users.allocate(vf(), { resource });
  beforeEach(async () => {
    await pass(stateWith(named('old'), 'a'));
    pods.restarts = 0;
  });

  it('delays the restart, with the names of the pod and of both resources, until it ends', async () => {
    const end = hold('openshift.io/old');
    expect(await pass(stateWith(named('new'), 'b'))).toBe(
      `ens1 (${PORTS[0]}): the device plugin is not restarted, because it would then give VFs to a second pod: VF 1 is part of new now, and pod default/web has it as openshift.io/old: delete the pods, or wait until they end`,
    );
    expect(pods.restarts).toBe(0);
    end();
    expect(await pass(stateWith(named('new'), 'b'))).toBeUndefined();
    expect(pods.restarts).toBe(1);
  });

  it('does not delay it when the name is changed back', async () => {
    hold('openshift.io/old');
    await pass(stateWith(named('new'), 'b'));
    expect(await pass(stateWith(named('old'), 'a'))).toBeUndefined();
    expect(pods.restarts).toBe(0);
  });

  it('is one of those that nobody knows when the kubelet cannot be asked: the restart waits', async () => {
    const mend = [
      kernel.addFault({ verb: 'call', path: '*', errno: 'UNAVAILABLE' }),
      kernel.addFault({ verb: 'read', path: '/var/lib/kubelet/*', errno: 'EACCES' }),
    ];
    expect(await pass(stateWith(named('new'), 'b'))).toMatch(
      /^the device plugin is not restarted, because it might then give VFs to a second pod, and nobody knows which VFs pods hold: the kubelet cannot be asked/,
    );
    expect(pods.restarts).toBe(0);
    for (const each of mend) each();
    await pass(stateWith(named('new'), 'b'));
    expect(pods.restarts).toBe(1);
  });

  it('is none where it holds the VF under the name that the resource has', async () => {
    hold('openshift.io/new');
    await pass(stateWith(named('new'), 'b'));
    expect(pods.restarts).toBe(1);
  });
});

it('the device plugin of a host without VFs is restarted whether or not the kubelet can be asked', async () => {
  await pass(stateWith({}, 'a'));
  kernel.addFault({ verb: 'call', path: '*', errno: 'UNAVAILABLE' });
  kernel.addFault({ verb: 'read', path: '/var/lib/kubelet/*', errno: 'EACCES' });
  await pass(stateWith({}, 'b'));
  expect(pods.restarts).toBe(1);
});
