import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { gather, type Gathered, type Memory } from './gather.ts';
import { InFlight } from './in-flight.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:10.0';
const CONFIG_FILE = '/etc/pcidp/node-1';
const HANDOVER = '/run/sriov-operator/handover.json';

/** A host with the files that the device plugin reads: their texts, or why they cannot be read. */
class Sources {
  readonly files: Record<string, string | undefined> = {};
  readonly memory: Memory = {
    ...{ known: new Map(), offered: new Map(), granted: new Map(), heldSince: new Map() },
    inFlight: new InFlight(),
  };
  readonly sim = new SimulatedKernel({
    world: parseWorld({
      latency: 'none',
      nics: [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }],
    }),
    clock: new FakeClock(),
  });

  gather(nowMs = 0): Promise<Gathered> {
    const { sim, files } = this;
    const kernel = {
      ...{ write: sim.write.bind(sim), readlink: sim.readlink.bind(sim), exec: sim.exec.bind(sim) },
      ...{ watch: sim.watch.bind(sim), call: sim.call.bind(sim), list: sim.list.bind(sim) },
      callJson: sim.callJson.bind(sim),
      read: (path: string): Promise<string> => {
        if (path !== CONFIG_FILE && path !== HANDOVER) return sim.read(path);
        const text = files[path] ?? 'ENOENT';
        return /^E[A-Z]+$/.test(text)
          ? Promise.reject(new KernelError({ verb: 'read', path, code: text }))
          : Promise.resolve(text);
      },
    };
    const ports = {
      kernel,
      configFile: CONFIG_FILE,
      handoverFolder: '/run/sriov-operator',
      resourcePrefix: 'openshift.io',
    };
    return gather(ports, this.memory, nowMs);
  }

  handOver(handover: object): void {
    this.files[HANDOVER] = JSON.stringify(handover);
  }
}

const configOf = (...resources: object[]): string => JSON.stringify({ resourceList: resources });
const NICS = configOf({ resourceName: 'nics', selectors: {} });
const OTHERS = configOf({ resourceName: 'others', resourcePrefix: 'other.example', selectors: {} });
const namesOf = ({ facts }: Gathered): string[] => facts.resources.map(({ name }) => name);

describe('the configuration', () => {
  it.each(['ENOENT', 'ENOTDIR'])('is none, which is a problem, while there is no file (%s)', async (code) => {
    const sources = new Sources();
    sources.files[CONFIG_FILE] = code;
    const gathered = await sources.gather();
    expect(namesOf(gathered)).toEqual([]);
    expect(gathered.configProblems).toEqual([`there is no configuration in ${CONFIG_FILE} yet`]);
    expect([gathered.configHash, gathered.facts.withdrawn]).toEqual([undefined, []]);
  });

  it('is that of the file, with what is wrong in it', async () => {
    const sources = new Sources();
    sources.files[CONFIG_FILE] = configOf({ resourceName: 'nics', selectors: {}, bogus: 1 });
    const gathered = await sources.gather();
    expect(namesOf(gathered)).toEqual(['openshift.io/nics']);
    expect(gathered.configProblems).toEqual([expect.stringContaining('bogus')]);
    expect(gathered.configHash).toBeUndefined();
  });

  it('is that of the file where the daemon hands over none', async () => {
    const sources = new Sources();
    sources.files[CONFIG_FILE] = NICS;
    sources.handOver({ withdrawn: [{ pf: PF, vfs: [1], because: 'their MTU changes' }] });
    const gathered = await sources.gather();
    expect([namesOf(gathered), gathered.configHash]).toEqual([['openshift.io/nics'], undefined]);
    expect(gathered.facts.withdrawn).toEqual([{ pf: PF, vfs: [1], because: 'their MTU changes' }]);
  });

  it('is the one that the daemon hands over, whatever the file says', async () => {
    const sources = new Sources();
    sources.files[CONFIG_FILE] = 'EIO';
    sources.handOver({ config: { text: OTHERS, hash: 'h1' }, withdrawn: [] });
    const gathered = await sources.gather();
    expect([namesOf(gathered), gathered.configHash, gathered.configProblems]).toEqual([
      ['other.example/others'],
      'h1',
      [],
    ]);
    expect(gathered.facts.prefixes).toEqual(['openshift.io', 'other.example']);
  });

  it.each<[string, string, string]>([
    ['cannot be understood', '{', 'the configuration cannot be read: it is no JSON object'],
    ['cannot be read', 'EIO', 'the configuration cannot be read: read /etc/pcidp/node-1: EIO'],
    ['is gone', 'ENOENT', `there is no configuration in ${CONFIG_FILE} yet`],
  ])('stays the last one that could be read while the file %s', async (_, text, cause) => {
    const sources = new Sources();
    sources.files[CONFIG_FILE] = text;
    const first = await sources.gather();
    expect([namesOf(first), first.configProblems]).toEqual([[], [expect.stringContaining(cause)]]);
    expect(first.configProblems[0]).not.toContain('kept');
    sources.files[CONFIG_FILE] = NICS;
    await sources.gather();
    sources.files[CONFIG_FILE] = text;
    const gathered = await sources.gather();
    expect(namesOf(gathered)).toEqual(['openshift.io/nics']);
    expect(gathered.configProblems).toEqual([
      expect.stringContaining('; the last configuration that could be read is kept'),
    ]);
    expect(gathered.configProblems[0]).toContain(cause);
  });

  it('that is handed over and cannot be understood is not in force: no hash is told', async () => {
    const sources = new Sources();
    sources.handOver({ config: { text: NICS, hash: 'h1' }, withdrawn: [] });
    await sources.gather();
    sources.handOver({ config: { text: '{', hash: 'h2' }, withdrawn: [] });
    const gathered = await sources.gather();
    expect([namesOf(gathered), gathered.configHash]).toEqual([['openshift.io/nics'], undefined]);
  });
});

it.each(['{', '{"withdrawn":7}', 'EIO'])(
  'nothing is decided while it is not known what is withdrawn: %s',
  async (text) => {
    const sources = new Sources();
    sources.files[HANDOVER] = text;
    await expect(sources.gather()).rejects.toThrow();
  },
);

it('a device that cannot be observed is told apart from one that is not there', async () => {
  const sources = new Sources();
  sources.sim.addFault({ verb: 'read', path: `*/${PF}/modalias`, errno: 'EIO' });
  const { facts } = await sources.gather();
  expect([...facts.unreadable]).toEqual([[PF, expect.stringContaining('EIO')]]);
});

describe('a device that was given to a pod just now', () => {
  const granted = { resource: 'openshift.io/nics', untilMs: 10_000 };
  const STARTS = [{ resource: 'openshift.io/nics', pod: 'that starts' }];

  it.each<[string, number, unknown]>([
    ['counts as given before the kubelet tells of it', 0, STARTS],
    ['so it does until the end of its time', 10_000, STARTS],
    ['and not after that: the pod did not start', 10_001, undefined],
  ])('%s', async (_, nowMs, expected) => {
    const sources = new Sources();
    sources.memory.granted.set(VF, granted);
    const { facts } = await sources.gather(nowMs);
    expect(facts.allocated?.get(VF)).toEqual(expected);
    expect(sources.memory.granted.has(VF)).toBe(expected !== undefined);
  });

  it('is what the kubelet tells as soon as it does', async () => {
    const sources = new Sources();
    sources.memory.granted.set(VF, granted);
    sources.sim.users.allocate(VF, { name: 'web', resource: 'openshift.io/nics' });
    const { facts } = await sources.gather();
    expect(facts.allocated?.get(VF)).toEqual([{ resource: 'openshift.io/nics', pod: 'default/web' }]);
    expect(sources.memory.granted.size).toBe(0);
  });

  it('is remembered while the kubelet cannot be asked, and then nobody knows what pods have', async () => {
    const sources = new Sources();
    sources.memory.granted.set(VF, granted);
    sources.sim.addFault({ verb: 'call', path: '*', errno: 'ETIMEDOUT' });
    sources.sim.addFault({ verb: 'read', path: '*/kubelet_internal_checkpoint', errno: 'EIO' });
    const { facts } = await sources.gather();
    expect([facts.allocated, sources.memory.granted.has(VF)]).toEqual([undefined, true]);
  });
});
