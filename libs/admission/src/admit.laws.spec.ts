import { describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES, type KubeObject, type SriovNetworkNodePolicy } from '@sriov/api';
import { planNodeState, prepareFleet } from '@sriov/policy';
import { PORTS } from '@sriov/testing/objects';
import fc from 'fast-check';
import { setDefaults, withDefaults } from './defaults.ts';
import { objectOf, policyObject, state, storedPolicy, verdictOn } from './test/requests.ts';

const json = fc.jsonValue({ maxDepth: 3 });
const kind = fc.constantFrom(...CUSTOM_RESOURCES.map((resource) => resource.kind), 'Other');

/** Specs of which some are fine and most have something wrong with them. */
const spec = fc.record(
  {
    priority: fc.oneof(fc.nat(99), json),
    numVfs: fc.oneof(fc.nat(80), json),
    mtu: fc.constantFrom(1500, 9000),
    resourceName: fc.constantFrom('a', 'b', 'c', '-'),
    deviceType: fc.constantFrom('netdevice', 'vfio-pci'),
    linkType: fc.constantFrom('eth', 'IB'),
    eSwitchMode: fc.constantFrom('legacy', 'switchdev'),
    isRdma: fc.boolean(),
    needVhostNet: fc.boolean(),
    externallyManaged: fc.boolean(),
    nodeSelector: fc.constantFrom({}, { zone: 'a' }, { zone: 'b' }),
    nicSelector: fc.record(
      {
        pfNames: fc.array(
          fc.constantFrom('ens2f0', 'left', 'ens2f0#0-3', 'left#2-5', 'ens2f1#4-7', 'ens2f1', 'ens9', 'ens2f0#x'),
          { maxLength: 3 },
        ),
        vendor: fc.constantFrom('8086', '15b3'),
        rootDevices: fc.constantFrom(['0000:3b:00.0'], ['0000:3b:00.1']),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['nicSelector', 'nodeSelector', 'numVfs', 'resourceName'] },
);
const stored = fc.array(spec, { maxLength: 4 });
const asPolicies = (specs: readonly object[]): SriovNetworkNodePolicy[] =>
  specs.map((each, index) => storedPolicy(`p${index}`, each));

/** Specs that are let in when there is no other policy. */
const sound = spec
  .map((mine) => ({ ...mine, resourceName: 'a', numVfs: 8 }))
  .filter((mine) => verdictOn(policyObject(mine)).allowed);

describe('laws of admit', () => {
  it('it judges anything, and says why when it refuses', () => {
    fc.assert(
      fc.property(kind, json, stored, (name, anything, specs) => {
        const { allowed, message } = verdictOn(objectOf(name, anything), { cluster: { policies: asPolicies(specs) } });
        expect(message === '').toBe(allowed);
      }),
    );
  });

  it('the order in which things are listed does not matter', () => {
    fc.assert(
      fc.property(spec, stored, (mine, specs) => {
        const policies = asPolicies(specs);
        const verdict = verdictOn(policyObject(mine), { cluster: { policies } });
        expect(verdictOn(policyObject(mine), { cluster: { policies: policies.reverse() } })).toEqual(verdict);
      }),
    );
  });

  it('what it lets in gives no problem of its own in the plan of a node but those that it warns of', () => {
    fc.assert(
      fc.property(sound, (mine) => {
        const object = policyObject(mine);
        const warnings = verdictOn(object).warnings.join('\n');
        const fleet = prepareFleet({
          policies: [object],
          pools: [],
          operatorConfig: undefined,
          supportedNics: undefined,
          supportedNicsOnly: false,
        });
        const planned = planNodeState(fleet, { name: 'n1', labels: { zone: 'a' }, state: state('n1', PORTS) });
        for (const { message } of planned.problems) {
          expect(warnings).toContain(message);
        }
      }),
    );
  });

  it('what it lets in twice it lets in under either name', () => {
    fc.assert(
      fc.property(sound, sound, (one, two) => {
        const first = policyObject(one, { name: 'one' });
        const second = policyObject(two, { name: 'two' });
        const beside = (object: KubeObject, other: SriovNetworkNodePolicy): boolean =>
          verdictOn(object, { cluster: { policies: [other] } }).allowed;
        expect(beside(first, second)).toBe(beside(second, first));
      }),
    );
  });

  it('defaults that were set are not changed when they are set again', () => {
    fc.assert(
      fc.property(kind, json, (name, anything) => {
        const request = { operation: 'CREATE' as const, object: objectOf(name, anything) };
        const once = withDefaults(request.object, setDefaults(request));
        expect(withDefaults(once, setDefaults({ ...request, object: once }))).toEqual(once);
      }),
    );
  });
});
