import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { RESTART_TABLE, type RestartEvent, type Transition } from './restart-table.ts';

/** The events in the words of the documentation. */
const WORDS: Readonly<Record<RestartEvent, string>> = {
  'vfs-will-change': 'VFs of a resource are about to change',
  'config-untold': 'The node state has no hash any more',
  'config-first': 'The node state has a hash, and none is recorded',
  'config-same': 'The hash is the recorded one',
  'config-another': 'The hash is another one',
  'plugin-learns': 'A device plugin that learns is there',
  'host-unsettled': 'A PF is not settled',
  'host-settled': 'All PFs are settled',
  'pods-present': 'Pods that have missed something are there',
  'pods-absent': 'No such pod is there',
  'pods-deleted': 'The pods are deleted',
};

/** The table as the documentation has it: states in which an event does the same are one row. */
function documentedRows(): string[] {
  const rows = new Map<string, { readonly states: string[]; readonly event: RestartEvent; readonly row: Transition }>();
  for (const [state, transitions] of Object.entries(RESTART_TABLE)) {
    for (const [name, row] of Object.entries(transitions)) {
      const event = name as RestartEvent;
      const key = `${event} ${row.sentence}`;
      const known = rows.get(key);
      if (known === undefined) rows.set(key, { states: [state], event, row });
      else known.states.push(state);
    }
  }
  return [...rows.values()].map(({ states, event, row: { next, sentence } }) => {
    const isSame = event === 'host-unsettled' || event === 'host-settled';
    return `| ${states.join(', ')} | ${WORDS[event]} | ${isSame ? 'the same' : next} | ${sentence} |`;
  });
}

it('docs/config-daemon.md shows the table as it is', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/config-daemon.md'), 'utf8');
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
  const header = lines.indexOf('| State | What happens | Next state | What it means |');
  const end = lines.findIndex((line, index) => index > header && !line.startsWith('|'));
  expect(lines.slice(header + 2, end)).toEqual(documentedRows());
});
