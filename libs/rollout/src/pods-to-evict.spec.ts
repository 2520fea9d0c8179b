import { describe, expect, it } from '@jest/globals';
import { type PodOnNode, podsToEvict } from './pods-to-evict.ts';

function pod(name: string, rest: Partial<PodOnNode> = {}): PodOnNode {
  return {
    namespace: 'apps',
    name,
    resources: [],
    claimDrivers: [],
    isMirror: false,
    isOver: false,
    isAwaited: false,
    ...rest,
  };
}

const WITH_VF = { resources: ['cpu', 'openshift.io/intelnics'] };
const rules = { pods: 'withVfs', resourcePrefix: 'openshift.io', claimDriver: 'sriov.example.com' } as const;
const names = (pods: readonly PodOnNode[]): string[] => pods.map(({ name }) => name);

describe('the pods that have to leave a node', () => {
  it('are those with VFs when nothing else is disturbed', () => {
    const pods = [
      pod('web'),
      pod('dpdk', WITH_VF),
      pod('claimed', { claimDrivers: ['sriov.example.com'] }),
      pod('gpu', { claimDrivers: ['gpu.example.com'] }),
      pod('other-prefix', { resources: ['openshift.iox/intelnics'] }),
    ];
    expect(names(podsToEvict(pods, rules).evict)).toEqual(['dpdk', 'claimed']);
  });

  it('are all for a reboot', () => {
    const pods = [pod('web'), pod('dpdk', WITH_VF), pod('over', { isOver: true })];
    expect(names(podsToEvict(pods, { ...rules, pods: 'all' }).evict)).toEqual(['web', 'dpdk', 'over']);
  });

  it('are not those that would be put back at once, and these are named when they hold a VF', () => {
    const pods = [
      pod('agent', { controller: 'DaemonSet' }),
      pod('vswitch', { controller: 'DaemonSet', ...WITH_VF }),
      pod('static', { isMirror: true, ...WITH_VF }),
    ];
    const { evict, staying } = podsToEvict(pods, { ...rules, pods: 'all' });
    expect(evict).toEqual([]);
    expect(staying.map(({ pod: { name }, because }) => [name, because])).toEqual([
      ['vswitch', 'daemonSet'],
      ['static', 'mirror'],
    ]);
  });

  it('are left to end by themselves where their pool wants that, as long as the drain does not take too long', () => {
    const pods = [pod('job', { isAwaited: true, ...WITH_VF }), pod('idle', { isAwaited: true }), pod('dpdk', WITH_VF)];
    const patient = podsToEvict(pods, rules);
    expect([names(patient.evict), names(patient.awaited)]).toEqual([['dpdk'], ['job']]);
    const forced = podsToEvict(pods, { ...rules, force: true });
    expect([names(forced.evict), names(forced.awaited)]).toEqual([['job', 'dpdk'], []]);
  });

  it('are not those that have ended, whose VFs are free', () => {
    expect(podsToEvict([pod('job', { isOver: true, ...WITH_VF })], rules)).toEqual({
      evict: [],
      awaited: [],
      staying: [],
    });
  });
});
