import { describe, expect, it } from '@jest/globals';
import { readJson } from '@sriov/testing';
import { nic, policy, PORTS } from '@sriov/testing/objects';
import { z } from 'zod';
import { plan, type TestNode } from './test/plan.ts';
import { readResources } from './test/read-resources.ts';

/** The elements as they are written, to the order of their keys. */
const listSchema = z.object({ resourceList: z.array(z.unknown()) });

const mine = policy('mine', { resourceName: 'r_mine', nicSelector: { pfNames: ['ens2f0'] } });
const other = policy('other', { resourceName: 'r_other', nicSelector: { pfNames: ['ens2f1'] } });
const broken = (policyName: string): ReturnType<typeof policy> =>
  policy(policyName, { numVfs: 'x' as unknown as number });
const before = plan([mine, other]);
const present: TestNode = { spec: before.spec, config: before.devicePluginConfig };

function namesOf(policies: Parameters<typeof plan>[0], node: TestNode): string[] {
  return readResources(plan(policies, node).devicePluginConfig).map(({ resourceName }) => resourceName);
}

describe('a resource that is there', () => {
  it('stays, in the words that it has, when its policy cannot be read any more', () => {
    const { devicePluginConfig } = plan([broken('mine'), other], present);
    const elements = (text: string): string[] =>
      readJson(listSchema, text)
        .resourceList.map((each) => JSON.stringify(each))
        .sort();
    expect(elements(devicePluginConfig)).toEqual(elements(before.devicePluginConfig));
  });

  it('goes with its policy, though another policy cannot be read', () => {
    expect(namesOf([broken('mine')], present)).toEqual(['r_mine']);
    expect(namesOf([broken('third')], present)).toEqual([]);
    expect(namesOf([other], present)).toEqual(['r_other']);
  });

  it('stays on a node with VFs of which nobody knows where they come from', () => {
    const interfaces = PORTS.map((pf) => ({
      ...pf,
      Vfs: [{ vfID: 0, pciAddress: pf.pciAddress.replace('00.', '02.') }],
    }));
    expect(namesOf([broken('third')], { interfaces, config: before.devicePluginConfig })).toEqual([
      'r_mine',
      'r_other',
    ]);
  });

  it('is not made of a name in the present spec that the device plugin would not take', () => {
    const bad = {
      pciAddress: PORTS[0]!.pciAddress,
      numVfs: 1,
      vfGroups: [{ policyName: 'mine', vfRange: '0-0', resourceName: 'a b' }],
    };
    const config = '{"resourceList":[{"resourceName":"a b"}]}';
    expect(namesOf([broken('mine')], { spec: { interfaces: [bad] }, config })).toEqual([]);
  });

  it('stays as it is while its PF is missing, and the others are planned', () => {
    const changed = policy('mine', { ...mine.spec, nicSelector: { pfNames: ['ens2f0#0-1'] } });
    const interfaces = [PORTS[1]!, nic('ens9', '0000:99:00.0')];
    const { devicePluginConfig } = plan([changed, other], { ...present, interfaces, vanished: ['ens2f0'] });
    expect(devicePluginConfig).toBe(before.devicePluginConfig);
    expect(plan([changed, other], { ...present, interfaces }).devicePluginConfig).not.toBe(before.devicePluginConfig);
  });

  it('stays as it is on a node that has reported no device', () => {
    const changed = policy('mine', { ...mine.spec, nicSelector: { pfNames: ['ens2f0#0-1'] } });
    expect(plan([changed, other], { ...present, interfaces: [] }).devicePluginConfig).toBe(before.devicePluginConfig);
  });
});

it('a resource whose policy is refused does not begin to hand out VFs of unknown origin', () => {
  const pf = nic('ens2f0', '0000:17:00.0', { deviceID: '1592', totalvfs: 16 });
  const interfaces = [{ ...pf, Vfs: [{ vfID: 0, pciAddress: '0000:17:01.0', deviceID: '1889' }] }];
  const refused = policy('refused', { resourceName: 'r', numVfs: 20, nicSelector: { pfNames: ['ens2f0'] } });
  expect(namesOf([refused], { interfaces, config: '{"resourceList":null}' })).toEqual([]);
  const config = plan([policy('refused', { ...refused.spec, numVfs: 2 })], { interfaces }).devicePluginConfig;
  expect(plan([refused], { interfaces, config }).devicePluginConfig).toBe(config);
});
