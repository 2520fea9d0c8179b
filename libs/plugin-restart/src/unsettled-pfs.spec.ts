import { describe, expect, it } from '@jest/globals';
import { type PfPlan } from '@sriov/node-plan';
import { type ObservedPf } from '@sriov/observed-host';
import { unsettledPfs } from './unsettled-pfs.ts';

const PF = '0000:01:00.0';
const OTHER = '0000:02:00.0';

describe('the device plugin is not restarted', () => {
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
  const look = (change: object): readonly string[] =>
    unsettledPfs({
      observed: { interfaces: [pf(PF, 4), pf(OTHER, 0)] },
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
    ['before a VF is free that should be of another kind', problem('VirtualFunctionInUse'), [PF]],
  ])('%s', (_, change, expected) => expect(look(change)).toEqual(expected));

  it.each<[string, object]>([
    ['whose VFs could not be made', failure(OTHER)],
    ['that is not there', problem('InterfaceNotFound')],
    ['whose entry cannot be carried out', problem('SpecInvalid')],
    ['that the host needs', problem('HostInterface')],
  ])('later because of a PF %s', (_, change) => expect(look(change)).toEqual([]));
});
