import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, type OperatorConfigSpec } from '@sriov/api';
import fc from 'fast-check';
import { DAEMON_SET, type OperandObject, SERVICE } from './kinds.ts';
import { type Operand, type OperandName, OPERANDS } from './operand.ts';
import {
  acceptedForm,
  type AcceptedForm,
  daemonSetOf,
  objectToApply,
  type OperandFacts,
  operandKeyOf,
  type OperandPlan,
  planOperand,
  type PresentObject,
} from './plan-operand.ts';
import { type OperandSettings } from './settings.ts';
import { make, OWNER, SETTINGS } from './test/inputs.ts';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const plan = (name: OperandName, operand: Operand, rest: Partial<OperandFacts> = {}): OperandPlan =>
  planOperand({ name, operand, present: [], owner: OWNER, hashOf, accepted: () => undefined, ...rest });
/** What the plan comes to, as `what Kind/name`. */
const summary = ({ writes }: OperandPlan): string[] =>
  writes.map((write) => `${write.kind} ${write.resource.kind}/${write.object.metadata.name}`);

/** The objects after the writes, as the API server would have them: what is applied replaces what was applied before. */
const after = (present: readonly PresentObject[], { writes }: OperandPlan): PresentObject[] => {
  const objects = new Map(present.map((each) => [operandKeyOf(each), each]));
  for (const write of writes) {
    if (write.kind === 'apply') objects.set(operandKeyOf(write), { resource: write.resource, object: write.object });
    else objects.delete(operandKeyOf(write));
  }
  return [...objects.values()];
};
const deployed = (name: OperandName, operand = make(name)): PresentObject[] => after([], plan(name, operand));
/** The same objects after somebody changed the first of them. */
const changed = (
  present: readonly PresentObject[],
  change: (object: OperandObject) => OperandObject,
): PresentObject[] =>
  present.map((each, index) => (index === 0 ? { ...each, object: change(structuredClone(each.object)) } : each));
const DAEMON = 'DaemonSet/sriov-network-config-daemon';
const ON = { featureGates: { metricsExporter: true } };

describe('the plan of an operand', () => {
  it('names no differences of what is missing, or what nobody has annotated: nobody has changed it', () => {
    const operand = make('config-daemon');
    expect(plan('config-daemon', operand).writes).toMatchObject([{ differences: [] }]);
    const present = changed(deployed('config-daemon'), ({ metadata, ...object }) => ({
      ...object,
      metadata: { name: metadata.name, namespace: 'operator', labels: metadata.labels ?? {} },
    }));
    expect(plan('config-daemon', operand, { present }).writes).toMatchObject([{ kind: 'apply', differences: [] }]);
  });

  it('is nothing at all for what cannot be made', () => {
    const expected = { writes: [], foreign: [], isWaiting: false };
    expect(plan('config-daemon', { kind: 'impossible', message: 'no' })).toEqual(expected);
  });

  it('finds the DaemonSet of an operand by its label', () => {
    const sets = OPERANDS.map((name) => ({ metadata: { name: 'x', labels: { [LABEL.operand]: name } } }));
    for (const name of OPERANDS) expect(daemonSetOf(name, sets)?.metadata.labels?.[LABEL.operand]).toBe(name);
    expect(daemonSetOf('cni-plugins', [{ metadata: { name: 'sriov-cni-plugins' } }])).toBeUndefined();
  });

  describe("the operator's device plugin beside a DaemonSet of the original one", () => {
    const rival = (metadata: object): PresentObject[] => [
      {
        resource: DAEMON_SET,
        object: { metadata: { name: 'sriov-device-plugin', namespace: 'operator', ...metadata } },
      },
    ];
    const beside = (metadata: object): OperandPlan =>
      plan('device-plugin', make('device-plugin'), { present: rival(metadata) });

    it('is not deployed while somebody else has it, and says how to go on', () => {
      for (const ownerReferences of [[], [OWNER]]) {
        expect(beside({ ownerReferences })).toEqual({
          writes: [],
          foreign: [
            "two device plugins on a node would overwrite each other's lists of devices, and somebody else has made the DaemonSet sriov-device-plugin: to have it replaced, run kubectl delete daemonset sriov-device-plugin --namespace operator; to keep that plugin, give the chart its image in images.sriovDevicePlugin",
          ],
          isWaiting: false,
        });
      }
    });

    it('waits for its end', () => {
      const expected = { writes: [], foreign: [], isWaiting: true };
      expect(beside({ deletionTimestamp: '2026-01-01T00:00:00Z' })).toEqual(expected);
    });

    it('is deployed when that is the operand of ours, which has other nodes, and goes when it is not wanted', () => {
      const ours = { labels: { [LABEL.operand]: 'sriov-network-device-plugin' } };
      expect(summary(beside(ours))).toEqual(['apply DaemonSet/sriov-operator-device-plugin']);
      const present = [...deployed('device-plugin'), ...rival({})];
      expect(summary(plan('device-plugin', { kind: 'off' }, { present }))).toEqual([
        'delete DaemonSet/sriov-operator-device-plugin',
      ]);
    });
  });

  it('gives a new DaemonSet a generation of its own, so that the pods of its predecessor are renewed', () => {
    const GENERATION = 'deprecated.daemonset.template.generation';
    const generationOf = (logLevel: string, present: readonly PresentObject[] = []): unknown => {
      const [write] = plan('config-daemon', make('config-daemon', {}, { logLevel }), { present }).writes;
      return write?.kind === 'apply' && objectToApply(write).metadata.annotations?.[GENERATION];
    };
    expect(generationOf('info')).toMatch(/^[1-9][0-9]{6,9}$/);
    expect(generationOf('info')).toBe(generationOf('info'));
    expect(generationOf('info')).not.toBe(generationOf('debug'));
    // From then on the API server counts.
    const counted = changed(deployed('config-daemon'), ({ metadata, ...object }) => ({
      ...object,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [GENERATION]: '7' } },
    }));
    expect(generationOf('debug', counted)).toBe('7');
    const [service] = plan('metrics-exporter', make('metrics-exporter', ON)).writes.slice(1);
    expect(service).toMatchObject({ resource: SERVICE, generation: undefined });
  });

  it('makes what is missing', () => {
    expect(summary(plan('config-daemon', make('config-daemon')))).toEqual([`apply ${DAEMON}`]);
    expect(summary(plan('metrics-exporter', make('metrics-exporter', ON)))).toEqual([
      'apply DaemonSet/sriov-network-metrics-exporter',
      'apply Service/sriov-network-metrics-exporter-service',
    ]);
  });

  it.each<[string, (object: OperandObject) => OperandObject, string[]]>([
    ['is nothing when all is as it should be', (object) => object, []],
    ['is nothing when only the status changed', (object) => ({ ...object, status: { numberReady: 1 } }), []],
    [
      'is nothing when somebody added something',
      (object) => ({
        ...object,
        metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, theirs: 'x' } },
      }),
      [],
    ],
    [
      'restores what somebody changed',
      (object) => ({ ...object, spec: { ...object.spec, updateStrategy: 'x' } }),
      [`apply ${DAEMON}`],
    ],
    [
      'applies again what was applied from something else, which may have had more',
      (object) => ({
        ...object,
        metadata: { ...object.metadata, annotations: { [ANNOTATION.operandHash]: 'other' } },
        spec: { ...object.spec, more: 1 },
      }),
      [`apply ${DAEMON}`],
    ],
    [
      'waits while the object is on its way out',
      (object) => ({
        ...object,
        metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
        spec: {},
      }),
      [],
    ],
  ])('%s', (_, change, expected) => {
    expect(
      summary(plan('config-daemon', make('config-daemon'), { present: changed(deployed('config-daemon'), change) })),
    ).toEqual(expected);
  });

  it('says what somebody else has changed, and nothing where we changed our mind', () => {
    const present = changed(deployed('config-daemon'), (object) => ({
      ...object,
      spec: { ...object.spec, updateStrategy: 'x' },
    }));
    expect(plan('config-daemon', make('config-daemon'), { present }).writes).toMatchObject([
      { differences: ['spec.updateStrategy'] },
    ]);
    expect(plan('config-daemon', make('config-daemon', { logLevel: 0 }), { present }).writes).toMatchObject([
      { differences: [] },
    ]);
  });

  it('tells that it waits for an object that is on its way out', () => {
    const going = changed(deployed('config-daemon'), (object) => ({
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }));
    expect(plan('config-daemon', make('config-daemon'), { present: going })).toEqual({
      writes: [],
      foreign: [],
      isWaiting: true,
    });
    expect(plan('config-daemon', { kind: 'off' }, { present: going })).toEqual({
      writes: [],
      foreign: [],
      isWaiting: true,
    });
    expect(plan('config-daemon', { kind: 'off' }).isWaiting).toBe(false);
  });

  it('takes the form in which the API server keeps a value for that value, until something else differs', () => {
    const settings = { configDaemon: { ...SETTINGS.configDaemon, resources: { limits: { cpu: '0.1' } } } };
    const operand = make('config-daemon', {}, settings);
    const [kept] = deployed('config-daemon', operand);
    const server = (cpu: string, image: string): PresentObject[] =>
      changed([kept!], (object) => {
        const text = JSON.stringify(object).replace('"0.1"', `"${cpu}"`).replace('config-daemon:1', image);
        const value: unknown = JSON.parse(text);
        return value as OperandObject;
      });
    const [first] = plan('config-daemon', operand).writes;
    if (first?.kind !== 'apply') throw new Error('nothing to apply');
    const form = acceptedForm(first, server('100m', 'config-daemon:1')[0]!.object);
    const summaryWith = (present: readonly PresentObject[], accepted: AcceptedForm | undefined): string[] =>
      summary(plan('config-daemon', operand, { present, accepted: () => accepted }));
    expect(summaryWith(server('100m', 'config-daemon:1'), undefined)).toEqual([`apply ${DAEMON}`]);
    expect(summaryWith(server('100m', 'config-daemon:1'), form)).toEqual([]);
    expect(summaryWith(server('100m', 'config-daemon:1'), { ...form, hash: 'x' })).toEqual([`apply ${DAEMON}`]);
    expect(summaryWith(server('100m', 'theirs:1'), form)).toEqual([`apply ${DAEMON}`]);
  });

  it.each<[string, Operand, string[]]>([
    ['goes when it is not wanted', { kind: 'off' }, [`delete ${DAEMON}`]],
    ['stays as it is while it cannot be made', { kind: 'impossible', message: 'no' }, []],
  ])('%s', (_, operand, expected) => {
    expect(summary(plan('config-daemon', operand, { present: deployed('config-daemon') }))).toEqual(expected);
  });

  it('removes an object that the operand no longer has, and leaves the others', () => {
    const present = deployed('metrics-exporter', make('metrics-exporter', ON, withPrometheus(true)));
    expect(summary(plan('metrics-exporter', make('metrics-exporter', ON, withPrometheus(false)), { present }))).toEqual(
      ['delete ServiceMonitor/sriov-network-metrics-exporter', 'delete PrometheusRule/sriov-vf-rules'],
    );
  });
});

describe('an object that we did not make', () => {
  const foreign = (owner?: string): PresentObject[] =>
    changed(deployed('config-daemon'), ({ metadata: { ownerReferences: _, ...metadata }, ...object }) => ({
      ...object,
      metadata: { ...metadata, labels: {}, ...(owner && { ownerReferences: [{ ...OWNER, uid: owner }] }) },
    }));

  it('makes way when it belongs to the same SriovOperatorConfig, as the objects of upstream do', () => {
    expect(summary(plan('config-daemon', make('config-daemon'), { present: foreign(OWNER.uid) }))).toEqual([
      `replace ${DAEMON}`,
    ]);
  });

  it.each([undefined, 'uid-of-another'])(
    'stays as it is when its owner is %s, with the command that replaces it',
    (owner) => {
      expect(plan('config-daemon', make('config-daemon'), { present: foreign(owner) })).toEqual({
        writes: [],
        isWaiting: false,
        foreign: [
          'somebody else has made the DaemonSet sriov-network-config-daemon: to have it replaced, run kubectl delete daemonset sriov-network-config-daemon --namespace operator --cascade=orphan',
        ],
      });
    },
  );

  it('is not asked to leave pods behind when it has none', () => {
    const name = 'sriov-network-metrics-exporter-service';
    const present = [{ resource: SERVICE, object: { metadata: { name, namespace: 'operator' } } }];
    const { foreign: sentences, writes } = plan('metrics-exporter', make('metrics-exporter', ON), { present });
    expect(sentences).toEqual([
      expect.stringMatching(new RegExp(`run kubectl delete service ${name} --namespace operator$`)),
    ]);
    expect(writes.map(({ resource }) => resource.kind)).toEqual(['DaemonSet']);
  });

  it.each<Operand>([{ kind: 'off' }, make('metrics-exporter', ON)])('is never deleted', (operand) => {
    const others = [
      { resource: DAEMON_SET, object: { metadata: { name: 'theirs', namespace: 'operator' } } },
      {
        resource: DAEMON_SET,
        object: { metadata: { name: 'x', namespace: 'operator', labels: { [LABEL.operand]: 'cni-plugins' } } },
      },
    ];
    expect(
      summary(plan('metrics-exporter', operand, { present: others })).filter((text) => text.startsWith('delete')),
    ).toEqual([]);
  });
});

const withPrometheus = (enabled: boolean): Partial<OperandSettings> => ({
  metricsExporter: { ...SETTINGS.metricsExporter, prometheusOperator: { enabled, deployRules: true, tlsConfig: {} } },
});

describe('whatever the SriovOperatorConfig says', () => {
  const config: fc.Arbitrary<OperatorConfigSpec> = fc.record(
    {
      configDaemonNodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x'), { maxKeys: 2 }),
      logLevel: fc.integer({ min: 0, max: 2 }),
      useCDI: fc.boolean(),
      featureGates: fc.dictionary(fc.constantFrom('metricsExporter', 'parallelNicConfig'), fc.boolean(), {
        maxKeys: 2,
      }),
      configDaemonEnvVars: fc.dictionary(fc.constantFrom('A', 'NODE_NAME'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
    },
    { requiredKeys: [] },
  );
  const settings = fc.record({
    sriovNetworkDevicePlugin: fc.constantFrom({ image: '', patch: {} }, { image: 'original:1', patch: {} }),
    metricsExporter: fc.boolean().map((enabled) => withPrometheus(enabled).metricsExporter!),
    cniPlugins: fc
      .constantFrom('', 'cni:1')
      .map((sriovCni) => ({ ...SETTINGS.cniPlugins, images: { ...SETTINGS.cniPlugins.images, sriovCni } })),
  });
  const wish = fc.tuple(config, settings);

  it('one pass leads from any wish to any other, and a second one writes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPERANDS), wish, wish, (name, [before, oldSettings], [now, newSettings]) => {
        const present = deployed(name, make(name, before, oldSettings));
        const operand = make(name, now, newSettings);
        const reached = after(present, plan(name, operand, { present }));
        expect(plan(name, operand, { present: reached })).toEqual({ writes: [], foreign: [], isWaiting: false });
        const fresh = deployed(name, operand).map(({ object }) => object);
        expect(reached.map(({ object }) => object)).toEqual(fresh);
      }),
    );
  });

  it('the same wish is the same hash, whatever the order of its members', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPERANDS), wish, (name, [spec, rest]) => {
        const reversed = JSON.parse(
          JSON.stringify(spec, (_, value: unknown) =>
            typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).reverse()) : value,
          ),
        ) as unknown as OperatorConfigSpec;
        const hashes = [spec, reversed].map((each) =>
          deployed(name, make(name, each, rest)).map(
            ({ object }) => object.metadata.annotations?.[ANNOTATION.operandHash],
          ),
        );
        expect(hashes[0]).toEqual(hashes[1]);
      }),
    );
  });
});
