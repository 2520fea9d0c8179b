import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { advance, meantPods, type RestartInput } from './advance.ts';
import { endPass, foreseeRestart } from './end-pass.ts';
import { CONFIG_CHANGED, type PluginRecord, pluginRecordSchema, stateOf } from './plugin-record.ts';
import { RESTART_TABLE } from './restart-table.ts';

/** The process is gone. */
class Crash extends Error {}

/** How a pass goes. */
interface PassSettings {
  /** Writes that are done before the daemon crashes. */
  readonly writes: number;
  /** The step that changes VFs fails, and the PF has no VFs on which anything could still change. */
  readonly fails?: boolean;
}

/** A node: its configuration, its VFs, the pod of its device plugin, and a daemon that can crash at each write. */
class Node {
  /** Hash of the configuration, in the file and on the node state. */
  config = 'a';
  /** VFs that are there, and that are wanted; each number stands for others. */
  vfs = 1;
  wantedVfs = 1;
  /** A pod holds a VF, or a step fails: the VFs stay as they are. */
  isHeld = false;
  /** The device plugin learns without a restart: its pods have the newest of everything. */
  learns = false;
  pod = { uid: '0', config: 'a', vfs: 1 };
  record: PluginRecord = { configHash: 'a' };
  restarts = 0;
  /** Restarts of a pod that had missed nothing. */
  needless = 0;
  crashes = 0;
  /** What the last pass has decided. */
  decided: readonly unknown[] = [];

  #left = Infinity;

  /** What the dry run says before the pass. */
  get foreseen(): readonly unknown[] {
    const decision = foreseeRestart({
      record: this.record,
      because: this.isHeld ? [] : this.#because,
      configHash: this.config,
      unsettled: this.#isUnsettled ? ['pf'] : [],
      learns: this.learns,
    });
    return [decision.action, decision.sentence, decision.record.owed?.because];
  }

  get #because(): readonly string[] {
    return this.vfs === this.wantedVfs ? [] : [`${this.vfs} becomes ${this.wantedVfs}`];
  }

  get #isUnsettled(): boolean {
    return this.isHeld && this.vfs !== this.wantedVfs;
  }

  pass({ writes, fails = false }: PassSettings): void {
    this.#left = writes;
    try {
      this.#pass(fails);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.crashes += 1;
    }
  }

  #pass(fails: boolean): void {
    const before = this.record;
    const because = this.isHeld ? [] : this.#because;
    let hasChangedVfs = false;
    if (because.length > 0) {
      this.#write(advance(before, { kind: 'vfs', because }).record);
      if (!fails) {
        this.#spend();
        this.vfs = this.wantedVfs;
        hasChangedVfs = true;
      }
    }
    const decision = endPass({
      before,
      now: this.record,
      hasChangedVfs,
      configHash: this.config,
      unsettled: this.#isUnsettled ? ['pf'] : [],
      learns: this.learns,
    });
    this.decided = [decision.action, decision.sentence, decision.record.owed?.because];
    if (decision.action === 'list-pods') this.#restart(decision.record);
    else this.#write(decision.record);
  }

  #restart(record: PluginRecord): void {
    const listed = advance(record, { kind: 'pods', uids: [this.pod.uid], configHash: this.config });
    this.#write(listed.record);
    if (listed.action !== 'delete-pods') return;
    if (meantPods(listed.record, [this.pod.uid]).length > 0) this.#delete();
    this.#write(advance(listed.record, { kind: 'deleted' }).record);
  }

  #delete(): void {
    this.#spend();
    if (this.pod.config === this.config && this.pod.vfs === this.vfs) this.needless += 1;
    this.restarts += 1;
    this.pod = { uid: `${this.restarts}`, config: this.config, vfs: this.vfs };
  }

  #write(record: PluginRecord): void {
    const text = JSON.stringify(record);
    if (text === JSON.stringify(this.record)) return;
    this.#spend();
    this.record = pluginRecordSchema.parse(JSON.parse(text));
  }

  #spend(): void {
    if (this.#left === 0) throw new Crash();
    this.#left -= 1;
  }
}

const WHOLE: PassSettings = { writes: Infinity };

type Deed = (node: Node) => void;

const change: fc.Arbitrary<Deed> = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map((config) => (node: Node) => void (node.config = config)),
  fc.constantFrom(1, 2, 3).map((vfs) => (node: Node) => void (node.wantedVfs = vfs)),
  fc.boolean().map((isHeld) => (node: Node) => void (node.isHeld = isHeld)),
);
const crash: fc.Arbitrary<Deed> = fc
  .record({ writes: fc.integer({ min: 0, max: 6 }), fails: fc.boolean() })
  .map((settings) => (node: Node) => node.pass(settings));
const whole: fc.Arbitrary<Deed> = fc.boolean().map((fails) => (node: Node) => node.pass({ ...WHOLE, fails }));

const after = (deeds: readonly Deed[]): Node => {
  const node = new Node();
  for (const deed of deeds) deed(node);
  return node;
};

const life = fc.array(fc.oneof(change, whole, crash), { maxLength: 14 });
const calmLife = fc.array(fc.oneof(change, whole), { maxLength: 14 });
const RUNS = { numRuns: 5_000 };

describe('whatever has happened to a node, and wherever its daemon has crashed,', () => {
  it('its device plugin runs with the newest configuration and VFs after one more pass, and is left alone from then on', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        const node = after([...deeds, (each) => void (each.isHeld = false)]);
        node.pass(WHOLE);
        expect(node.pod).toMatchObject({ config: node.config, vfs: node.wantedVfs });
        const { restarts, record } = node;
        expect(stateOf(record)).toBe('current');
        node.pass(WHOLE);
        expect([node.restarts, node.record]).toEqual([restarts, record]);
      }),
      RUNS,
    );
  });

  it('a dry run says what the next pass decides', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        const node = after(deeds);
        const { foreseen } = node;
        node.pass(WHOLE);
        expect(node.decided).toEqual(foreseen);
      }),
      RUNS,
    );
  });

  it('no more restarts are needless than there were crashes', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        const node = after(deeds);
        expect(node.needless).toBeLessThanOrEqual(node.crashes);
      }),
      RUNS,
    );
  });
});

it('a device plugin that learns is never restarted, and owes nothing when another one comes after it', () => {
  const learn: Deed = (node) => void (node.learns = true);
  fc.assert(
    fc.property(life, life, (before, deeds) => {
      const node = after([...before, learn]);
      const { restarts } = node;
      for (const deed of deeds) deed(node);
      expect(node.restarts).toBe(restarts);
      node.pass(WHOLE);
      expect(node.record).toEqual({ configHash: node.config });
    }),
    RUNS,
  );
});

it('without a crash, no pod is deleted that has missed nothing', () => {
  fc.assert(
    fc.property(calmLife, (deeds) => expect(after(deeds).needless).toBe(0)),
    RUNS,
  );
});

describe('one change, during which the daemon crashes wherever it can, restarts the device plugin', () => {
  const crashes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 });
  it.each<[string, number, Deed]>([
    ['exactly once when it is the configuration', 1, (node) => void (node.config = 'b')],
    ['exactly once when it is VFs', 1, (node) => void (node.wantedVfs = 2)],
    ['exactly once when it is both', 1, (node) => void ((node.config = 'b'), (node.wantedVfs = 2))],
    ['not at all when it is nothing of these', 0, () => undefined],
  ])('%s', (_, restarts, deed) => {
    fc.assert(
      fc.property(crashes, (writes) => {
        const node = after([
          deed,
          ...writes.map(
            (each): Deed =>
              (at) =>
                at.pass({ writes: each }),
          ),
        ]);
        node.pass(WHOLE);
        expect([node.restarts, node.needless]).toEqual([restarts, 0]);
      }),
    );
  });
});

describe('the table', () => {
  const hash = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
  const reasons = fc.subarray(['VFs', 'more VFs', CONFIG_CHANGED], { minLength: 1 });
  const uids = fc.subarray(['1', '2', '3']);
  const record: fc.Arbitrary<PluginRecord> = fc.record(
    {
      configHash: hash,
      owed: fc.record(
        { because: reasons, found: fc.record({ uids, configHash: hash }) },
        { requiredKeys: ['because'] },
      ),
    },
    { requiredKeys: [] },
  );
  const input: fc.Arbitrary<RestartInput> = fc.oneof(
    fc.record({ kind: fc.constant('vfs' as const), because: fc.subarray(['VFs', 'more VFs'], { minLength: 1 }) }),
    fc.record({ kind: fc.constant('config' as const), hash }),
    fc.record({ kind: fc.constant('host' as const), unsettled: fc.subarray(['pf']) }),
    fc.record({ kind: fc.constant('pods' as const), uids, configHash: hash }),
    fc.constant<RestartInput>({ kind: 'deleted' }),
    fc.record({ kind: fc.constant('learns' as const), configHash: hash }),
  );

  it('says into which state each input leads, and the record that is written stands for that state', () => {
    fc.assert(
      fc.property(record, input, (before, each) => {
        const next = advance(before, each);
        const rows = Object.values(RESTART_TABLE[stateOf(before)]);
        const row = rows.find(({ sentence }) => sentence === next.sentence);
        expect(stateOf(next.record)).toBe(row?.next ?? stateOf(before));
        expect(stateOf(pluginRecordSchema.parse(JSON.parse(JSON.stringify(next.record))))).toBe(stateOf(next.record));
      }),
      RUNS,
    );
  });

  it('leads to the same record when it is told the same twice', () => {
    fc.assert(
      fc.property(record, input, (before, each) => {
        const once = advance(before, each).record;
        expect(advance(once, each).record).toEqual(once);
      }),
      RUNS,
    );
  });
});
