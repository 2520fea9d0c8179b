import { describe, expect, it } from '@jest/globals';
import {
  ANNOTATION,
  type DesiredInterface,
  formatPlannedFrom,
  type NodePolicySpec,
  type ObservedInterface,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import { layersOf, type PfLayers } from './pf-layers.ts';
import { effectOf, type PolicyEffect } from './policy-effect.ts';
import { preparePolicies, type PreparedPolicy } from './prepare.ts';
import { type Problem } from './problem.ts';
import { readSupportedNics } from './supported-nics.ts';

const rules = { nics: readSupportedNics(undefined).nics, supportedNicsOnly: false };
const PF = nic('ens2f0', '0000:3b:00.0');
const WITH_VFS: ObservedInterface = { ...PF, Vfs: [{ vfID: 0, pciAddress: '0000:3b:02.0' }] };
const UNREADABLE = policy('broken', { numVfs: 'many' as unknown as number });
const whole = (name: string, spec: Partial<NodePolicySpec> = {}): ReturnType<typeof policy> =>
  policy(name, { nicSelector: { pfNames: ['ens2f0'] }, ...spec });

function prepared(...policies: Parameters<typeof preparePolicies>[0]): readonly PreparedPolicy[] {
  return preparePolicies(policies).prepared;
}

function entryOf(policyName: string): DesiredInterface {
  return { pciAddress: PF.pciAddress, numVfs: 4, vfGroups: [{ policyName, vfRange: '0-3', resourceName: 'r' }] };
}

describe('what a policy does to a PF', () => {
  const tooMany = whole('p', { numVfs: 65 });
  const noVfs = { ...PF, totalvfs: 0 };

  it.each<
    [
      string,
      ReturnType<typeof policy>,
      typeof PF,
      DesiredInterface | undefined,
      Omit<PolicyEffect, 'contribution'> & { hasContribution: boolean },
    ]
  >([
    ['one that can be applied', whole('p'), PF, undefined, { isMeant: true, hasContribution: true, isDoubtful: false }],
    [
      'one that cannot be read',
      UNREADABLE,
      PF,
      undefined,
      { isMeant: false, hasContribution: false, isDoubtful: true },
    ],
    [
      'one that cannot be read any more',
      UNREADABLE,
      PF,
      entryOf('broken'),
      { isMeant: true, hasContribution: true, isDoubtful: false },
    ],
    [
      'one that wants too much',
      tooMany,
      PF,
      entryOf('other'),
      {
        isMeant: true,
        hasContribution: false,
        isDoubtful: true,
        refusal: { reason: 'TooManyVirtualFunctions', message: 'ens2f0: 65 VFs are wanted, and the PF can have 64' },
      },
    ],
    [
      'one that wants too much now',
      tooMany,
      PF,
      entryOf('p'),
      {
        isMeant: true,
        hasContribution: true,
        isDoubtful: false,
        refusal: { reason: 'TooManyVirtualFunctions', message: 'ens2f0: 65 VFs are wanted, and the PF can have 64' },
      },
    ],
    [
      'one that names a PF without VFs',
      whole('p'),
      noVfs,
      undefined,
      {
        isMeant: false,
        hasContribution: false,
        isDoubtful: false,
        refusal: {
          reason: 'Unsupported',
          message: expect.stringMatching(/^ens2f0: it can have no VFs/) as unknown as string,
        },
      },
    ],
    [
      'one of a vendor, which a PF without VFs is not meant by',
      policy('p', { nicSelector: { vendor: '8086' } }),
      noVfs,
      undefined,
      { isMeant: false, hasContribution: false, isDoubtful: false },
    ],
    [
      'one of a vendor, whose PF has lost its VFs',
      policy('p', { nicSelector: { vendor: '8086' } }),
      noVfs,
      entryOf('p'),
      {
        isMeant: true,
        hasContribution: true,
        isDoubtful: false,
        refusal: {
          reason: 'Unsupported',
          message: expect.stringMatching(/^ens2f0: it can have no VFs/) as unknown as string,
        },
      },
    ],
  ])('%s', (_, object, pf, before, { hasContribution, ...expected }) => {
    const [only] = prepared(object);
    const { contribution, ...effect } = effectOf(rules, only!, { nic: pf, before });
    expect(effect).toEqual(expected);
    expect(contribution === undefined).toBe(!hasContribution);
  });

  it('keeps what the present spec has of a policy that cannot be applied, and nothing of others', () => {
    const entry = entryOf('p');
    const groups = [...entry.vfGroups!, { policyName: 'other', vfRange: '4-5' }, { policyName: 'p', vfRange: 'bad' }];
    const [only] = prepared(tooMany);
    const { contribution } = effectOf(rules, only!, { nic: PF, before: { ...entry, mtu: 9000, vfGroups: groups } });
    expect(contribution).toStrictEqual({
      policy: 'p',
      priority: 0,
      numVfs: 4,
      mtu: 9000,
      linkType: '',
      eSwitchMode: '',
      externallyManaged: false,
      groups: [{ group: groups[0], range: { first: 0, last: 3 } }],
      isKept: true,
    });
  });
});

describe('a PF with VFs that a policy may have made which cannot be applied', () => {
  const layers = (
    state: SriovNetworkNodeState | undefined,
    interfaces = WITH_VFS,
  ): { layers: PfLayers; problems: readonly Problem[] } =>
    layersOf(
      { node: 'n1', state, policies: prepared(UNREADABLE, whole('p'), whole('all', { numVfs: 0 })), rules },
      interfaces,
    );
  const forgetful: SriovNetworkNodeState = { metadata: { name: 'n1' } };
  const planned: SriovNetworkNodeState = {
    metadata: { name: 'n1', annotations: { [ANNOTATION.plannedFrom]: formatPlannedFrom(new Set([PF.pciAddress])) } },
  };

  it.each<[string, SriovNetworkNodeState | undefined]>([
    ['without a node state', undefined],
    ['with a node state that was created again', forgetful],
  ])('is left as it is %s, and the others are told', (_, state) => {
    const result = layers(state);
    expect(result.layers).toMatchObject({ contributions: [], isUnknown: true, wholePf: ['all'], applied: ['all'] });
    expect(result.layers.meantBy).toEqual(['all', 'p']);
    expect(result.problems).toEqual([
      {
        kind: 'SriovNetworkNodePolicy',
        name: 'p',
        node: 'n1',
        reason: 'PolicyConflict',
        message:
          'ens2f0: policy broken cannot be applied, and may have made the VFs that are there: the PF stays as it is until that policy is corrected or removed',
      },
    ]);
  });

  it.each<[string, SriovNetworkNodeState, typeof PF]>([
    ['it has no VFs', forgetful, PF],
    ['the PF was planned without it', planned, WITH_VFS],
    ['the present spec tells who made them', { ...forgetful, spec: { interfaces: [entryOf('p')] } }, WITH_VFS],
  ])('is known when %s', (_, state, pf) => {
    const result = layers(state, pf);
    expect(result.layers).toMatchObject({ isUnknown: false, applied: ['all', 'p'], contributions: [{ policy: 'p' }] });
    expect(result.problems).toEqual([]);
  });
});
