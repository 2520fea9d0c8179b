import { describe, expect, it } from '@jest/globals';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { type KnownResources, resourcesCondition } from './resources-condition.ts';

const answer: SyncAnswer = {
  resources: [
    { name: 'openshift.io/a', healthy: ['0000:01:10.0', '0000:01:10.1'], unhealthy: [] },
    { name: 'openshift.io/b', healthy: ['0000:01:10.1'], unhealthy: [] },
  ],
  heldBack: [],
  configProblems: [],
  held: [],
  allocating: [],
};
const known = (change: Partial<SyncAnswer> = {}, rest: Partial<KnownResources> = {}): KnownResources => ({
  answer: { ...answer, ...change },
  gone: [],
  ...rest,
});
const withdrawn = {
  resource: 'openshift.io/a',
  devices: ['1', '2', '3', '4', '5'],
  reason: 'Withdrawn',
  message: 'openshift.io/a: 1, 2, 3 and 2 more: they are about to change',
} as const;
const gone = {
  resource: 'openshift.io/a',
  devices: ['9'],
  reason: 'Gone',
  message: 'openshift.io/a: 9: pod default/web has it',
} as const;
const unregistered = {
  ...answer.resources[0],
  name: 'a.b/c',
  healthy: [],
  unhealthy: [],
  unregistered: 'no such name',
};
const lost = { resource: 'openshift.io/a', device: '0000:01:10.7', holder: 'pod default/web' };

const WITHDRAWN = 'openshift.io/a: 1, 2, 3 and 2 more: they are about to change';
const GONE = 'openshift.io/a: 9: pod default/web has it: delete the pod, it cannot get the device back';

describe("a node's resources", () => {
  it.each<[string, KnownResources, [string, string, string]]>([
    ['are offered as a whole', known(), ['True', 'ResourcesOffered', 'pods are offered 2 devices of 2 resources']],
    [
      'may be none',
      known({ resources: [] }),
      ['True', 'ResourcesOffered', 'pods are offered 0 devices of 0 resources'],
    ],
    ['have devices that are held back', known({ heldBack: [withdrawn] }), ['False', 'DevicesHeldBack', WITHDRAWN]],
    [
      'have devices that are held back for several reasons, in an order that stays',
      known({ heldBack: [{ ...withdrawn, message: withdrawn.message.replace('openshift.io/a', 'z/z') }, withdrawn] }),
      ['False', 'DevicesHeldBack', `${WITHDRAWN}\n${WITHDRAWN.replace('openshift.io/a', 'z/z')}`],
    ],
    [
      'have devices that pods have and nobody else',
      known({ heldBack: [withdrawn, gone] }),
      ['False', 'DeviceGone', `${GONE}\n${WITHDRAWN}`],
    ],
    [
      'are not all known to the kubelet',
      known({ resources: [...answer.resources, unregistered], heldBack: [withdrawn, gone] }),
      ['False', 'ResourceUnregistered', `a.b/c: no such name\n${WITHDRAWN}\n${GONE}`],
    ],
    [
      'are configured in a way that cannot be understood, which matters most',
      known({ configProblems: ['z is wrong', 'a is wrong'], resources: [unregistered] }),
      ['False', 'DevicePluginConfigInvalid', 'a is wrong\nz is wrong\na.b/c: no such name'],
    ],
    [
      'are unknown while the device plugin does not answer, whatever else is known',
      { silence: { reason: 'DevicePluginNotResponding', cause: 'the device plugin does not answer' }, gone: [lost] },
      ['Unknown', 'DevicePluginNotResponding', 'the device plugin does not answer: nobody knows what pods are offered'],
    ],
    [
      'have devices that pods have and the host has not, whatever the device plugin is',
      { gone: [lost] },
      [
        'False',
        'DeviceGone',
        'openshift.io/a: pod default/web has 0000:01:10.7, which is no longer there: delete the pod, it cannot get the device back',
      ],
    ],
  ])('%s', (_, resources, [status, reason, message]) => {
    expect(resourcesCondition(resources)).toEqual({ type: 'ResourcesOffered', status, reason, message });
  });

  it('are nothing to speak of where no device plugin can be asked', () => {
    expect(resourcesCondition({ gone: [] })).toBeUndefined();
  });
});
