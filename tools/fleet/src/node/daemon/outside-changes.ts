import { setTimeout as delay } from 'node:timers/promises';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type Row } from '../../report.ts';
import { quantile } from '../../quantile.ts';
import { DRIVER, pfAddress, pfName } from '../fixture-host.ts';
import { type DaemonLoad, type Parts } from './index.ts';
import { type Ask } from './simulator/messages.ts';

const SEEN_MS = 1_000;
/** Longer than events are put off that come close together. */
const PAUSE_MS = 2_500;

/** What somebody changes on a PF of which no policy wants anything, and how the status shows it. */
interface OutsideChange {
  readonly what: string;
  /** @param vf PCI address of the first VF, if the status has one */
  readonly ask: (vf: string) => Exclude<Ask, { ask: 'count' }>;
  readonly isSeen: (pf: Partial<Pf>) => boolean;
}

type Pf = NonNullable<NonNullable<SriovNetworkNodeState['status']>['interfaces']>[number];

const write = (path: string, value: string): ReturnType<OutsideChange['ask']> => ({ ask: 'write', path, value });
const setLink = (index: number, ...args: string[]): ReturnType<OutsideChange['ask']> => ({
  ask: 'exec',
  command: 'ip',
  args: ['link', 'set', 'dev', pfName(index), ...args],
});
const folder = (index: number): string => `/sys/bus/pci/devices/${pfAddress(index)}`;

/** Changes, each undone by the one behind it. */
function changesOf(index: number): OutsideChange[] {
  const mtu = (value: number): OutsideChange => ({
    what: 'MTU',
    ask: () => setLink(index, 'mtu', `${value}`),
    isSeen: (pf) => pf.mtu === value,
  });
  const vfs = (value: number): OutsideChange => ({
    what: 'number of VFs',
    ask: () => write(`${folder(index)}/sriov_numvfs`, `${value}`),
    isSeen: (pf) => (pf.Vfs ?? []).length === value,
  });
  const link = (value: 'up' | 'down'): OutsideChange => ({
    what: 'link',
    ask: () => setLink(index, value),
    isSeen: (pf) => pf.linkAdminState === value,
  });
  const driver = (value: 'bind' | 'unbind'): OutsideChange => ({
    what: 'driver of a VF',
    ask: (vf) => write(`/sys/bus/pci/drivers/${DRIVER}/${value}`, vf),
    isSeen: (pf) => pf.Vfs?.[0]?.driver === (value === 'bind' ? DRIVER : undefined),
  });
  return [mtu(2000), mtu(1500), link('down'), link('up'), vfs(2), driver('unbind'), driver('bind'), vfs(0)];
}

function pfOf({ status }: SriovNetworkNodeState, index: number): Partial<Pf> {
  return status?.interfaces?.find(({ pciAddress }) => pciAddress === pfAddress(index)) ?? {};
}

/** How soon the status shows what somebody else changes. */
export async function outsideRows({ node, host }: Parts, { rounds, say }: DaemonLoad): Promise<Row[]> {
  say(`changes the host from outside, ${rounds} rounds`);
  const index = 8;
  const took: number[] = [];
  let vf = '';
  for (let round = 0; round < rounds; round += 1) {
    for (const { ask, isSeen, what } of changesOf(index)) {
      await delay(PAUSE_MS);
      await host.change(ask(vf));
      const begin = performance.now();
      const seen = await node.until(what, (state) => isSeen(pfOf(state, index)));
      took.push(performance.now() - begin);
      vf = pfOf(seen, index).Vfs?.[0]?.pciAddress ?? '';
    }
  }
  const longest = Math.max(...took);
  return [
    {
      what: `from another MTU, link, driver or number of VFs to the status, p50 / longest of ${took.length}`,
      measured: `${quantile(took, 0.5).toFixed(0)} / ${longest.toFixed(0)} ms`,
      bar: `at most ${SEEN_MS} ms`,
      isMet: longest <= SEEN_MS,
    },
  ];
}
