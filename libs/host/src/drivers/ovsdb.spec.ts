import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KernelError } from '../kernel/kernel.ts';
import { OVS_SOCKET } from '../kernel/ovs-sockets.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { changeBridge, makeBridge, removeBridge } from './ovs.ts';
import { readBridges } from './ovs-bridge-table.ts';
import { findUndoneChange } from './ovs-changes.ts';
import { OvsdbError, transact } from './ovsdb.ts';

function answering(answer: unknown): TestKernel {
  const kernel = new TestKernel({});
  kernel.jsonAnswers.set(`${OVS_SOCKET} transact`, answer);
  return kernel;
}

const select = { op: 'select', table: 'Bridge', where: [] };

describe('a transaction', () => {
  it('resolves with the rows of each operation', async () => {
    expect(await transact(answering([{ rows: [{ a: 1 }] }, {}]), [select, select])).toEqual([[{ a: 1 }], []]);
  });

  it.each<[string, unknown, object]>([
    ['one of its operations', [{ rows: [] }, { error: 'timed out', details: 'd' }], { message: /timed out \(d\)/ }],
    [
      'the whole of it',
      [{}, {}, { error: 'constraint violation' }],
      { message: /refuses the transaction: constraint violation$/ },
    ],
  ])('fails with what the server says when it refuses %s', async (_, answer, { message }: { message?: RegExp }) => {
    await expect(transact(answering(answer), [select, select])).rejects.toThrow(message);
    await expect(transact(answering(answer), [select, select])).rejects.toBeInstanceOf(OvsdbError);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['fewer results', [{}]],
    ['rows that are none', [{ rows: 'a' }, {}]],
  ])('fails when %s comes', async (_, answer) => {
    await expect(transact(answering(answer), [select, select])).rejects.toMatchObject({ code: 'EPROTO' });
  });
});

describe('whatever the database answers', () => {
  /** Values that look like those of the database, and that do not. */
  const value = fc.oneof(
    fc.constantFrom(
      'a',
      '',
      1,
      ['set', []],
      ['set', ['a']],
      ['map', [['k', 'v']]],
      ['uuid', 'u'],
      ['set', [['uuid', 'u']]],
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const columns = [
    '_uuid',
    'name',
    'datapath_type',
    'fail_mode',
    'external_ids',
    'other_config',
    'ports',
    'interfaces',
  ];
  const row = fc.dictionary(
    fc.constantFrom(...columns, 'type', 'options', 'mtu_request', 'ofport', 'error', 'next_cfg'),
    value,
  );
  const answer = fc.oneof(fc.array(fc.record({ rows: fc.array(row, { maxLength: 2 }) }), { maxLength: 12 }), value);

  it('bridges are read, made, changed and removed, or an error says why not', async () => {
    const bridge = { name: 'br0', uplinks: [{ pciAddress: '0000:3b:00.0' }] };
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        const kernel = answering(given);
        const works = [
          () => readBridges(kernel),
          () => findUndoneChange(kernel),
          () => makeBridge(kernel, { bridge, uplink: 'ens1' }),
          () => changeBridge(kernel, { bridge, uplink: 'ens1', before: bridge }),
          () => removeBridge(kernel, 'br0', []),
        ];
        for (const work of works) {
          const end = await Promise.resolve(work()).catch((error: unknown) => error);
          if (!(end instanceof Error)) continue;
          expect(
            [KernelError, OvsdbError].some((type) => end instanceof type) || /the bridge br0 is gone/.test(end.message),
          ).toBe(true);
        }
      }),
    );
  });
});
