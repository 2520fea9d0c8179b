import { describe, expect, it } from '@jest/globals';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from './converge.ts';
import { hostPorts } from './test/test-host.ts';

const PF = '0000:10:00.0';

/** A card of the model whose offload is as the rest says. */
function boot(model: string, rest: object): SimulatedKernel {
  const nic = { model, address: PF, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true, ...rest };
  const world = parseWorld({ latency: 'none', modules: ['iavf', 'mlx5_core'], nics: [nic] });
  return new SimulatedKernel({ world, clock: systemClock });
}

/** One pass that wants 2 VFs in switchdev mode, and the steps that it tried. */
async function pass(kernel: SimulatedKernel): Promise<Converged & { readonly steps: readonly string[] }> {
  const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: '0-1' }];
  const spec = { interfaces: [{ pciAddress: PF, numVfs: 2, eSwitchMode: 'switchdev', vfGroups }] };
  const steps: string[] = [];
  const followers = { onPlan: () => Promise.resolve(), onStep: ({ kind }: { kind: string }) => void steps.push(kind) };
  const wanted = { spec, plannedFrom: new Set([PF]), allowHostInterfaces: false };
  return { ...(await converge(hostPorts({ kernel }), wanted, followers)), steps };
}

const tcOf = async (kernel: SimulatedKernel): Promise<unknown> =>
  JSON.parse((await kernel.exec('ethtool', ['--json', '-k', 'ens1'])).stdout);
const isOffload = (kind: string): boolean => /offload|steering/.test(kind);

describe('a PF that comes into switchdev mode', () => {
  it.each([
    ['mlx5', { flowSteering: 'dmfs' }, ['set-flow-steering', 'set-tc-offload']],
    ['ice', {}, ['set-tc-offload']],
    ['bnxt', {}, []],
  ])('of %s offloads traffic rules then', async (model, rest, expected) => {
    const kernel = boot(model, rest);
    const end = await pass(kernel);
    expect(verdictOf(end).syncStatus).toBe('Succeeded');
    expect(end.rest.remarks).toBeUndefined();
    expect(end.steps.filter(isOffload)).toEqual(expected);
    expect(await tcOf(kernel)).toMatchObject([{ 'hw-tc-offload': { active: true } }]);
    if (model === 'mlx5') expect(kernel.state.devices[PF]?.pf?.flowSteering).toBe('smfs');
    expect((await pass(kernel)).hasActed).toBe(false);
  });

  it.each([
    ['has it fixed off', 'ice', { tcOffload: 'fixed' }, /hw-tc-offload\) is off, and its driver ice lets nobody/],
    [
      'has no smfs',
      'mlx5',
      { flowSteering: 'dmfs', flowSteerings: ['dmfs'] },
      /did not take \(.*Software managed steering is not supported by current device/,
    ],
  ])('and %s has its VFs all the same, and says what is missing', async (_, model, rest, remark) => {
    const end = await pass(boot(model, rest));
    expect(verdictOf(end).syncStatus).toBe('Succeeded');
    expect(end.rest.remarks).toEqual([expect.stringMatching(remark)]);
    expect(end.observed.interfaces[0]?.eSwitchMode).toBe('switchdev');
    expect(end.observed.interfaces[0]?.sriov?.vfs.map(({ driver }) => driver !== undefined)).toEqual([true, true]);
  });

  it.each([
    ['ethtool -K *', 'set-tc-offload', 'ice'],
    ['devlink dev param set *', 'set-flow-steering', 'mlx5'],
  ])('where %s fails: the step is tried once in the pass, and the VFs work', async (path, step, model) => {
    const kernel = boot(model, { flowSteering: 'dmfs' });
    const restore = kernel.addFault({ verb: 'exec', path, errno: 'EIO' });
    const end = await pass(kernel);
    expect(verdictOf(end).syncStatus).toBe('Succeeded');
    expect(end.steps.filter((kind) => kind === step)).toEqual([step]);
    expect(end.rest.remarks).toEqual([expect.stringContaining('EIO')]);
    expect(end.observed.interfaces[0]?.sriov?.vfs.map(({ driver }) => driver !== undefined)).toEqual([true, true]);
    restore();
  });

  it('where ethtool is missing says that, and turns nothing on', async () => {
    const kernel = boot('ice', {});
    kernel.addFault({ verb: 'exec', path: 'ethtool *', errno: 'ENOENT' });
    const end = await pass(kernel);
    expect(verdictOf(end).syncStatus).toBe('Succeeded');
    expect(end.rest.remarks).toEqual([expect.stringMatching(/not known whether .* because .*ethtool.*ENOENT/)]);
    expect(end.steps.filter(isOffload)).toEqual([]);
  });
});

it('a PF in switchdev mode whose offload somebody turned off gets it back, and keeps its VFs', async () => {
  const kernel = boot('mlx5', {});
  await pass(kernel);
  await kernel.exec('ethtool', ['-K', 'ens1', 'hw-tc-offload', 'off']);
  expect((await pass(kernel)).steps).toEqual(['set-tc-offload']);
  expect((await pass(kernel)).hasActed).toBe(false);
});
