import { quantile } from '../quantile.ts';
import { type Row } from '../report.ts';
import { type Asked, type DrainFigures } from './bench.ts';

/** Longest wait of a freed slot for the next node at p99, in ms. */
const GRANT_BAR_MS = 250;
const RSS_BAR_MB = 200;

/** The table of a run. */
export function drainRowsOf(figures: DrainFigures): Row[] {
  const { flags, asking, draining, waits, memory } = figures;
  const waiting = flags.nodes - flags.maxUnavailable;
  const reads = readsOf(asking) - flags.maxUnavailable;
  const p99 = quantile(waits, 0.99);
  return [
    {
      what: `reads per waiting node while ${waiting} wait, beside watches and one list of pods per node that is drained`,
      measured: (reads / waiting).toFixed(3),
      bar: '0',
      isMet: reads === 0,
    },
    {
      what: `requests per node until each of ${flags.nodes} has its slot or knows why it waits`,
      measured: describe(asking, flags.nodes),
      bar: '',
    },
    {
      what: `from a freed slot to the next grant, p50 / p99 / longest of ${waits.length}`,
      measured: [quantile(waits, 0.5), p99, Math.max(...waits)].map((ms) => ms.toFixed(0)).join(' / ') + ' ms',
      bar: `p99 at most ${GRANT_BAR_MS} ms`,
      isMet: p99 <= GRANT_BAR_MS,
    },
    {
      what: `most nodes with a slot at once; nodes that had one; nodes left cordoned`,
      measured: `${figures.most}; ${figures.granted}; ${figures.leftCordoned}`,
      bar: `${flags.maxUnavailable}; ${flags.nodes}; 0`,
      isMet: figures.most <= flags.maxUnavailable && figures.granted === flags.nodes && figures.leftCordoned === 0,
    },
    {
      what: `requests per node from then until the last of them is given back, after ${figures.drainingSeconds.toFixed(0)} s`,
      measured: describe(draining, flags.nodes),
      bar: '',
    },
    {
      what: 'RSS in the end (peak), heap after a forced GC',
      measured: `${memory.rss.toFixed(0)} (${memory.peakRss.toFixed(0)}) MB, ${memory.heap.toFixed(0)} MB`,
      bar: `peak at most ${RSS_BAR_MB} MB`,
      isMet: memory.peakRss <= RSS_BAR_MB,
    },
    { what: 'longest event-loop stall', measured: `${figures.longestStall.toFixed(0)} ms`, bar: '' },
  ];
}

const READS = ['GET', 'LIST'];

/** Reads of any kind. */
function readsOf(asked: Asked): number {
  return [...asked].reduce((sum, [key, count]) => sum + (READS.includes(key.split(' ')[0] ?? '') ? count : 0), 0);
}

function describe(asked: Asked, nodes: number): string {
  const total = [...asked.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...asked].sort(([, a], [, b]) => b - a).map(([key, count]) => `${(count / nodes).toFixed(2)} ${key}`);
  return `${(total / nodes).toFixed(1)}: ${parts.join(', ')}`;
}
