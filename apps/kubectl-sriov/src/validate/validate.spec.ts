import { describe, expect, it } from '@jest/globals';
import { readJson } from '@sriov/testing';
import { z } from 'zod';
import { node, nodeState, object, OPTIONS, policy, PORTS, runOn, runWith } from '../test/test-run.ts';

const verdictSchema = z.looseObject({
  kind: z.string(),
  name: z.string(),
  allowed: z.boolean(),
  message: z.string(),
  warnings: z.array(z.string()),
  patch: z.array(z.looseObject({})),
});
type Verdict = z.output<typeof verdictSchema>;
/** The verdict itself and no copy: a case looks at the order of its fields. */
const verdictsSchema = z.array(z.custom<Verdict>((value) => verdictSchema.safeParse(value).success));

const validate = async (...objects: object[]): Promise<{ exitCode: number; verdicts: Verdict[] }> => {
  const { exitCode, stdout } = await runOn(objects, 'validate', '-o', 'json', ...OPTIONS);
  return { exitCode, verdicts: readJson(verdictsSchema, stdout) };
};
const CLUSTER = [node('n1'), nodeState('n1', PORTS)];
const isAllowed = async (judged: object): Promise<boolean | undefined> =>
  (await validate(judged, ...CLUSTER)).verdicts[0]?.allowed;
const named = (spec: object): object => policy('p', { nicSelector: { pfNames: ['ens2f0'] }, ...spec });
const ranged = (entry: string, numVfs: number): object => named({ nicSelector: { pfNames: [entry] }, numVfs });

describe('validate', () => {
  it.each<[verdict: string, sentence: string, judged: object]>([
    ['allowed', 'a resource name with dash, underscore, capital and digit', named({ resourceName: 'A-b_1' })],
    ['refused', 'a resource name that begins with a dash', named({ resourceName: '-a' })],
    ['refused', 'a resource name that ends with a dash', named({ resourceName: 'a-' })],
    ['refused', 'a resource name with a dot', named({ resourceName: 'a.b' })],
    ['refused', 'a resource name of 64 letters', named({ resourceName: 'a'.repeat(64) })],
    ['allowed', 'a range that ends with the last VF', ranged('ens2f0#0-7', 8)],
    ['refused', 'a range that goes beyond the last VF', ranged('ens2f0#0-7', 7)],
    ['refused', 'a range that ends before it begins', ranged('ens2f0#3-1', 8)],
    ['refused', 'a range of one number', ranged('ens2f0#1', 8)],
    ['refused', 'a range of letters', ranged('ens2f0#a-b', 8)],
    ['refused', 'a range behind two marks', ranged('ens2f0##1-2', 8)],
    ['refused', 'more VFs than the PF can have', named({ numVfs: 65 })],
    ['refused', 'a field of a wrong type', named({ numVfs: 'four' })],
    ['refused', 'a percentage above 100', object('SriovNetworkPoolConfig', 'p', { maxUnavailable: '120%' })],
    ['allowed', 'a percentage', object('SriovNetworkPoolConfig', 'p', { maxUnavailable: '1%' })],
    ['allowed', 'no node at all', object('SriovNetworkPoolConfig', 'p', { maxUnavailable: 0 })],
    ['refused', 'a SriovOperatorConfig that is not used', object('SriovOperatorConfig', 'mine', {})],
    ['refused', 'JSON that is none', object('SriovNetwork', 'n', { resourceName: 'r', ipam: '{' })],
  ])('%s: %s', async (verdict, _, judged) => {
    expect(await isAllowed(judged)).toBe(verdict === 'allowed');
  });

  it('answers in order of the input with all that the webhook would say', async () => {
    const { exitCode, verdicts } = await validate(
      policy('ib', { linkType: 'IB', nicSelector: { pfNames: ['ens2f0'] } }),
      ...CLUSTER,
      object('SriovNetwork', { name: 'net', namespace: 'team-a' }, { resourceName: 'r', networkNamespace: 'apps' }),
    );
    expect(exitCode).toBe(1);
    expect(verdicts).toEqual([
      {
        kind: 'SriovNetworkNodePolicy',
        namespace: 'sriov-system',
        name: 'ib',
        allowed: true,
        message: '',
        warnings: [],
        patch: [
          { op: 'add', path: '/spec/priority', value: 99 },
          { op: 'add', path: '/spec/isRdma', value: false },
          { op: 'add', path: '/spec/isRdma', value: true },
        ],
      },
      {
        kind: 'SriovNetwork',
        namespace: 'team-a',
        name: 'net',
        allowed: false,
        message: expect.stringContaining('spec.networkNamespace'),
        warnings: [],
        patch: [],
      },
    ]);
    expect(Object.keys(verdicts[0] ?? {})).toEqual([
      ...['kind', 'namespace', 'name', 'allowed', 'message', 'warnings', 'patch'],
    ]);
  });

  it('takes the other objects of the input for the cluster', async () => {
    const part = (name: string, range: string): object =>
      policy(name, { numVfs: 8, nicSelector: { pfNames: [`ens2f0#${range}`] } });
    const { verdicts } = await validate(...CLUSTER, part('p1', '0-3'), part('p2', '4-7'), part('p3', '3-5'));
    expect(verdicts.map(({ name, allowed }) => [name, allowed])).toEqual([
      ['p1', false],
      ['p2', false],
      ['p3', false],
    ]);
    const apart = await validate(...CLUSTER, part('p1', '0-3'), part('p2', '4-7'));
    expect(apart).toMatchObject({ exitCode: 0, verdicts: [{ allowed: true }, { allowed: true }] });
  });

  it('judges an object that is there already as the change that it is', async () => {
    const config = (disableDrain: boolean): object => object('SriovOperatorConfig', 'default', { disableDrain });
    const busy = { ...nodeState('n1', PORTS), status: { interfaces: PORTS, syncStatus: 'InProgress' } };
    const change = await validate(config(false), busy, config(true));
    expect(change.exitCode).toBe(1);
    expect(change.verdicts.map(({ allowed }) => allowed)).toEqual([true, false]);
    expect(change.verdicts[1]?.message).toContain('spec.disableDrain cannot become true while nodes are');
    expect((await validate(busy, config(true))).exitCode).toBe(0);
    expect((await validate(config(true), busy, config(true))).exitCode).toBe(0);
  });

  it('judges one as new that is refused where it stands first', async () => {
    const pool = (maxUnavailable: string): object => object('SriovNetworkPoolConfig', 'p', { maxUnavailable });
    const { verdicts } = await validate(pool('120%'), pool('120%'), pool('10%'), pool('120%'));
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([false, false, true, false]);
  });

  it.each<[string, object, string]>([
    [
      'another version',
      { apiVersion: 'sriovnetwork.openshift.io/v1beta1', kind: 'SriovNetwork', metadata: { name: 'n' } },
      'there is no SriovNetwork of apiVersion sriovnetwork.openshift.io/v1beta1: write sriovnetwork.openshift.io/v1',
    ],
    [
      'no group',
      { apiVersion: 'v1', kind: 'SriovNetwork', metadata: { name: 'n' } },
      'there is no SriovNetwork of apiVersion v1: write sriovnetwork.openshift.io/v1',
    ],
    [
      'a kind that does not exist',
      { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovPolicy', metadata: { name: 'n' } },
      'there is no kind SriovPolicy in sriovnetwork.openshift.io: there are OVSNetwork, ',
    ],
    [
      'a kind in other letters',
      { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'sriovnetwork', metadata: { name: 'n' } },
      'there is no kind sriovnetwork in sriovnetwork.openshift.io: write SriovNetwork',
    ],
    [
      'a kind that lacks a letter',
      { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetwrk', metadata: { name: 'n' } },
      'there is no kind SriovNetwrk in sriovnetwork.openshift.io: write SriovNetwork',
    ],
  ])('refuses an object of the group that nobody can judge: %s', async (_, unknown, message) => {
    const { exitCode, verdicts } = await validate(unknown);
    expect(exitCode).toBe(1);
    expect(verdicts).toMatchObject([{ name: 'n', allowed: false, message: expect.stringContaining(message) }]);
    const { stdout } = await runOn([unknown], 'validate', ...OPTIONS);
    expect(stdout).toContain(`refused: ${message}`);
  });

  it('passes over objects of other groups', async () => {
    expect(await validate({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })).toMatchObject({ exitCode: 0 });
  });

  it('takes the namespace of the operator from where the SriovOperatorConfig stands', async () => {
    const config = object('SriovOperatorConfig', 'default', {});
    const { stdout, stderr } = await runOn([config, named({})], 'validate');
    expect(stdout).not.toContain('policies are read from the namespace');
    expect(stderr).toContain('the namespace of the operator is taken for sriov-system');
    const told = await runOn([config, named({})], 'validate', '--operator-namespace', 'elsewhere');
    expect(told.stdout).toContain('policies are read from the namespace elsewhere only');
  });

  it('tells that a device id has lost its quotes', async () => {
    const text = `apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata: { name: p }
spec: { resourceName: r, nodeSelector: {}, numVfs: 1, nicSelector: { deviceID: 10e1 } }
`;
    const { exitCode, stdout } = await runWith(text, 'validate', '-f', '-');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'spec.nicSelector.deviceID 100: must be text; YAML read a number: put what you wrote in quotes',
    );
  });

  it('warns where there is no node yet, and lets the policy in', async () => {
    const { exitCode, verdicts } = await validate(named({}));
    expect(exitCode).toBe(0);
    expect(verdicts[0]?.warnings).toHaveLength(1);
  });

  it('refuses ids that the list lacks when it is told to', async () => {
    const judged = [...CLUSTER, named({ nicSelector: { vendor: '1234' } })];
    const strict = await runOn(judged, 'validate', '--supported-nics-only', ...OPTIONS);
    expect(strict.exitCode).toBe(1);
    expect((await runOn(judged, 'validate', ...OPTIONS)).exitCode).toBe(0);
  });
});
