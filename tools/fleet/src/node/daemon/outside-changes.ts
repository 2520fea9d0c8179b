import { setTimeout as delay } from 'node:timers/promises';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type Row } from '../../report.ts';
import { quantile } from '../../quantile.ts';
import { pfAddress, pfName } from '../fixture-host.ts';
import { type DaemonLoad, type Parts } from './index.ts';
import { type Ask } from './simulator/messages.ts';

const SEEN_MS = 1_000;
/** Longer than events are put off that come close together. */
const PAUSE_MS = 2_500;

/** What somebody changes on a PF of which no policy wants anything, and how the status shows it. */
interface OutsideChange {
  readonly what: string;
  readonly ask: Exclude<Ask, { ask: 'count' }>;
  readonly isSeen: (pf: Pf) => boolean;
}

type Pf = NonNullable<NonNullable<SriovNetworkNodeState['status']>['interfaces']>[number];

const write = (path: string, value: string): OutsideChange['ask'] => ({ ask: 'write', path, value });
const folder = (index: number): string => `/sys/bus/pci/devices/${pfAddress(index)}`;

/** Changes, each undone by the one behind it. */
function changesOf(index: number): OutsideChange[] {
  const mtu = (value: number): OutsideChange => ({
    what: 'MTU',
    ask: { ask: 'exec', command: 'ip', args: ['link', 'set', 'dev', pfName(index), 'mtu', `${value}`] },
    isSeen: (pf) => pf.mtu === value,
  });
  const vfs = (value: number): OutsideChange => ({
    what: 'number of VFs',
    ask: write(`${folder(index)}/sriov_numvfs`, `${value}`),
    isSeen: (pf) => (pf.Vfs ?? []).length === value,
  });
  return [mtu(2000), mtu(1500), vfs(2), vfs(0)];
}

/** How soon the status shows what somebody else changes. */
export async function outsideRows({ node, host }: Parts, { rounds, say }: DaemonLoad): Promise<Row[]> {
  say(`changes the host from outside, ${rounds} rounds`);
  const index = 8;
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { ask, isSeen, what } of changesOf(index)) {
      await delay(PAUSE_MS);
      await host.change(ask);
      const begin = performance.now();
      await node.until(what, ({ status }) =>
        (status?.interfaces ?? []).some((pf) => pf.pciAddress === pfAddress(index) && isSeen(pf)),
      );
      took.push(performance.now() - begin);
    }
  }
  const longest = Math.max(...took);
  return [
    {
      what: `from another MTU or number of VFs to the status, p50 / longest of ${took.length}`,
      measured: `${quantile(took, 0.5).toFixed(0)} / ${longest.toFixed(0)} ms`,
      bar: `at most ${SEEN_MS} ms`,
      isMet: longest <= SEEN_MS,
    },
  ];
}
