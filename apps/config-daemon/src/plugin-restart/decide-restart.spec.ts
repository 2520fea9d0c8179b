import { describe, expect, it } from '@jest/globals';
import { type PfPlan } from '@sriov/node-plan';
import { type ObservedPf } from '@sriov/observed-host';
import { decideRestart, type RestartFacts, unsettledPfs, vfChanges } from './decide-restart.ts';
import { PORTS } from '../test/test-host.ts';

const [PF, OTHER] = PORTS;
const CONFIG = 'the configuration of the device plugin has changed';
const VFS = 'ens1: the number of VFs becomes 4';

describe('the device plugin', () => {
  const owed = { because: [VFS] };
  const facts: RestartFacts = {
    before: { configHash: 'a' },
    now: { configHash: 'a' },
    configHash: 'a',
    hasChangedVfs: false,
    unsettled: [],
  };
  it.each<[string, Partial<RestartFacts>, readonly string[], boolean]>([
    ['is as it should be when nothing has changed', {}, [], false],
    ['is restarted for another configuration', { configHash: 'b' }, [CONFIG], true],
    ['is not when the configuration is not told any more', { configHash: undefined }, [], false],
    ['is not for the first configuration that is told', { before: {}, now: {} }, [], false],
    ['is restarted for VFs', { now: { configHash: 'a', owed }, hasChangedVfs: true }, [VFS], true],
    ['is not for VFs that were to change and did not', { now: { configHash: 'a', owed } }, [], false],
    [
      'is for those that an earlier pass has changed',
      { before: { configHash: 'a', owed }, now: { configHash: 'a', owed } },
      [VFS],
      true,
    ],
    ['waits for PFs that are half configured', { configHash: 'b', unsettled: [PF] }, [CONFIG], false],
    [
      'is restarted once for everything',
      { now: { configHash: 'a', owed }, hasChangedVfs: true, configHash: 'b' },
      [VFS, CONFIG],
      true,
    ],
    [
      'is not when the configuration has changed back meanwhile',
      {
        before: { configHash: 'a', owed: { because: [CONFIG] } },
        now: { configHash: 'a', owed: { because: [CONFIG] } },
      },
      [],
      false,
    ],
  ])('%s', (_, change, because, isDue) => {
    const decision = decideRestart({ ...facts, ...change });
    expect([decision.record.owed?.because ?? [], decision.isDue]).toEqual([because, isDue]);
    expect(decision.record.configHash).toBe('a');
  });

  it.each([
    ['are left alone for the change that they were found for', 'b', ['1']],
    ['are looked up again for another configuration', 'c', undefined],
  ])('pods that came since %s', (_, configHash, uids) => {
    const record = { configHash: 'a', owed: { because: [CONFIG], found: { uids: ['1'], configHash: 'b' } } };
    const decision = decideRestart({ ...facts, before: record, now: record, configHash });
    expect(decision.record.owed?.found?.uids).toEqual(uids);
  });

  it('is restarted when the configuration has changed back after pods were deleted', () => {
    const record = { configHash: 'a', owed: { because: [CONFIG], found: { uids: ['1'], configHash: 'b' } } };
    const { record: next, isDue } = decideRestart({ ...facts, before: record, now: record });
    expect([next.owed, isDue]).toEqual([{ because: [CONFIG] }, true]);
  });
});

describe('of a plan, the device plugin has to learn', () => {
  const entry = {
    pciAddress: PF,
    name: 'ens1',
    numVfs: 4,
    vfGroups: [{ resourceName: 'r', vfRange: '0-1' }, { vfRange: '2-3' }],
  };
  const plan: PfPlan = { pciAddress: PF, name: 'ens1', because: [], before: [], vfs: [], after: [] };
  const change = (pf: Partial<PfPlan>, spec = [entry], owned = [entry]): string[] =>
    vfChanges(
      { pfs: [{ ...plan, ...pf }] },
      { spec: { interfaces: spec }, owned: new Map(owned.map((each) => [each.pciAddress, each])) },
    );
  const set = { kind: 'set-num-vfs', numVfs: 4 } as const;
  const rebind = [{ kind: 'unbind-vf' } as const, { kind: 'bind-vf', driver: 'vfio-pci' } as const];

  it.each<[string, string[], string[]]>([
    ['another number of VFs', change({ before: [set] }), [`ens1 (${PF}): the number of VFs becomes 4`]],
    [
      'another number of VFs, through none for the MTU to come between',
      change({ before: [{ kind: 'set-num-vfs', numVfs: 0 }, { kind: 'set-pf-mtu', mtu: 9000 }, set] }),
      [`ens1 (${PF}): the number of VFs becomes 4`],
    ],
    [
      'VFs that go, and were of a resource',
      change({ before: [{ kind: 'set-num-vfs', numVfs: 0 }] }, []),
      [`ens1 (${PF}): the number of VFs becomes 0`],
    ],
    ['nothing of VFs that never were in a resource', change({ before: [set] }, [{ ...entry, vfGroups: [] }], []), []],
    [
      'another driver of VFs of a resource',
      change({ vfs: [0, 1, 3].map((id) => ({ id, steps: rebind })) }),
      [`ens1 (${PF}): another driver for VF 0-1`],
    ],
    [
      'VFs that are not side by side',
      change({ vfs: [0, 1, 3].map((id) => ({ id, steps: rebind })) }, [
        { ...entry, vfGroups: [{ resourceName: 'r', vfRange: '0-3' }] },
      ]),
      [`ens1 (${PF}): another driver for VF 0-1, 3`],
    ],
    ['nothing of VFs outside of resources', change({ vfs: [{ id: 3, steps: rebind }] }), []],
    [
      'nothing of MTU, link and MAC address',
      change({
        before: [{ kind: 'set-pf-mtu', mtu: 9000 }, { kind: 'set-link-up' }],
        vfs: [
          {
            id: 0,
            steps: [
              { kind: 'set-vf-mtu', mtu: 9000 },
              { kind: 'set-vf-mac', mac: '02:00:00:00:00:01' },
            ],
          },
        ],
        after: [{ kind: 'set-autoprobe', enabled: true }],
      }),
      [],
    ],
  ])('%s', (_, changes, expected) => expect(changes).toEqual(expected));
});

describe('the device plugin is not started', () => {
  const pf = (pciAddress: string, numVfs: number): ObservedPf => ({
    pciAddress,
    vendor: '8086',
    deviceId: '10c9',
    linkType: 'ETH',
    sriov: {
      totalVfs: 7,
      autoprobe: true,
      vfs: Array.from({ length: numVfs }, (__, id) => ({ id, pciAddress: `v${id}`, vendor: '8086', deviceId: '10ca' })),
    },
  });
  const plan = (pciAddress: string): PfPlan => ({ pciAddress, name: '', because: [], before: [], vfs: [], after: [] });
  const look = (change: object): string[] =>
    unsettledPfs({
      observed: { interfaces: [pf(PF, 4), pf(OTHER, 0)], problems: [] },
      rest: { pfs: [], problems: [] },
      failures: [],
      ...change,
    });
  const failure = (pciAddress: string): object => ({ failures: [{ pciAddress, outcome: 'failed' }] });
  const problem = (reason: string): object => ({ rest: { pfs: [], problems: [{ pciAddress: PF, reason }] } });
  const blocked = { pciAddress: OTHER, outcome: 'blocked' };

  it.each<[string, object, string[]]>([
    ['before a PF with VFs has had what failed', failure(PF), [PF]],
    ['before a PF with VFs has had what is left to do', { rest: { pfs: [plan(PF)], problems: [] } }, [PF]],
    ['before the journal can be written', failure(''), ['']],
    ['before a call is back that may make VFs', { failures: [blocked] }, [OTHER]],
    ['before an earlier call is back', problem('BlockedInKernel'), [PF]],
    ['before a VF is free that shall be of another kind', problem('VirtualFunctionInUse'), [PF]],
  ])('%s', (_, change, expected) => expect(look(change)).toEqual(expected));

  it.each<[string, object]>([
    ['whose VFs could not be made', failure(OTHER)],
    ['that is not there', problem('InterfaceNotFound')],
    ['whose entry cannot be carried out', problem('SpecInvalid')],
    ['that the host needs', problem('HostInterface')],
  ])('later because of a PF %s', (_, change) => expect(look(change)).toEqual([]));
});
