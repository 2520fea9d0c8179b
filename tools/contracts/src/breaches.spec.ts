import { describe, expect, it } from '@jest/globals';
import { handoverSchema, syncAnswerSchema } from '@sriov/plugin-handover';
import { z } from 'zod';
import { findBreaches } from './breaches.ts';
import { type Documents, type Exchange, record } from './exchange.ts';
import { refusedByCrds } from './stored-objects.ts';

const VFS = { pf: '0000:01:00.0', vfs: [1, 2] };

/** An exchange by which one service says which VFs are withdrawn, as in the first release. */
const first: Exchange = {
  ...{ name: 'withdrawn', what: 'a file', writer: 'a', readers: ['b'] },
  write: () => Promise.resolve({ 'two VFs': VFS }),
  understand: (document) => Promise.resolve(schema.parse(document).vfs.map((vf) => `VF ${vf}`)),
  checked: { schema: z.object({ pf: z.string(), vfs: z.array(z.int()) }), part: (document) => document },
};
const schema = z.object({ pf: z.string(), vfs: z.array(z.int()) });

const writing = (document: object): Partial<Exchange> => ({ write: () => Promise.resolve({ 'two VFs': document }) });
const reading = (read: (document: unknown) => unknown): Partial<Exchange> => ({
  understand: (document) => Promise.resolve(read(document)),
});

describe('a later version', () => {
  it.each<[string, Partial<Exchange>, string[]]>([
    ['that is the same breaks nothing', {}, []],
    ['may write a further field', writing({ ...VFS, because: 'x' }), []],
    ['may read what the first did not write', reading((document) => first.understand(document)), []],
    [
      'must not count VFs from 1',
      reading((document) => schema.parse(document).vfs.map((vf) => `VF ${vf - 1}`)),
      ['"two VFs", as the release wrote it, means something else to this version: 0 was "VF 1" and is "VF 0"'],
    ],
    [
      'must not see less in it',
      reading(() => ['VF 1']),
      ['"two VFs", as the release wrote it, means something else to this version: 1 was "VF 2" and is undefined'],
    ],
    [
      'must not ask for a field that the first did not write',
      reading((document) => schema.extend({ because: z.string() }).parse(document)),
      [
        expect.stringMatching(
          /^what the release wrote cannot be read by this version: .*because/s,
        ) as unknown as string,
      ],
    ],
    [
      'must not write another type',
      writing({ ...VFS, vfs: '1-2' }),
      [expect.stringMatching(/^"two VFs", as this version writes it, cannot be read by the release: vfs: /) as never],
    ],
    [
      'must not leave out what the first asked for',
      writing({ vfs: [] }),
      [expect.stringMatching(/^"two VFs", as this version writes it, cannot be read by the release: pf: /) as never],
    ],
  ])('%s', async (_, change, breaches) => {
    expect(await findBreaches({ ...first, ...change }, await record(first))).toEqual(breaches);
  });
});

describe('the readers of today are open to what comes', () => {
  const answer = { resources: [], heldBack: [], configProblems: [], allocating: [] };
  it.each<[string, z.ZodType, object]>([
    [
      'a further field of the hand-over file',
      handoverSchema,
      { withdrawn: [{ ...VFS, because: 'x', more: 1 }], more: 1 },
    ],
    ['a further field of an answer', syncAnswerSchema, { ...answer, more: 1 }],
    [
      'a further reason to hold devices back',
      syncAnswerSchema,
      { ...answer, heldBack: [{ resource: 'a/b', devices: ['1'], reason: 'Resting', message: 'm' }] },
    ],
  ])('such as %s', (_, reader, document) => {
    const { success } = z.fromJSONSchema(z.toJSONSchema(reader, { io: 'input' })).safeParse(document);
    expect([success, reader.safeParse(document).success]).toEqual([true, true]);
  });
});

describe('older CRDs', () => {
  const properties = { numVfs: { type: 'integer' } };
  const crds: Documents = {
    SriovNetworkNodeState: { schemas: { spec: { type: 'object', properties }, status: { type: 'object' } } },
  };
  const refused = (spec: object): string[] => refusedByCrds(crds, { name: 'state' }, { once: { spec } });

  it('take a field that they do not have', () => expect(refused({ numVfs: 1, more: 1 })).toEqual([]));
  it('refuse another type', () =>
    expect(refused({ numVfs: '1' })).toEqual([expect.stringContaining('state, "once": spec.numVfs: ')]));
});
