import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type MetricAbout } from '@sriov/runtime';
import { readRegistries } from './test/registries.ts';

/** Sections of docs/metrics.md, and the services that have what is in them. */
const SECTIONS: Readonly<Record<string, (service: string) => boolean>> = {
  'config-daemon': (service) => service === 'config-daemon',
  'device-plugin': (service) => service === 'device-plugin',
  'policy-controller': (service) => service === 'policy-controller',
  'admission-webhook': (service) => service === 'admission-webhook',
  'Every service but the device plugin': (service) => service !== 'device-plugin',
  'Every process': () => true,
  'Every process but config-daemon and device-plugin': (service) =>
    !['config-daemon', 'device-plugin'].includes(service),
};

interface Row {
  readonly section: string;
  readonly metric: string;
  readonly unit: string;
  readonly meaning: string;
}

/** The rows about metrics; `metric` is name, type and labels in one line. */
function readPage(): Row[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
  return text.split(/^## /m).flatMap((part) => {
    const [section = '', ...lines] = part.split('\n');
    return lines.flatMap((line) => {
      const [name = '', type = '', labels = '', unit = '', meaning = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim().replaceAll('`', ''));
      return /^[a-z]+_\w+$/.test(name) ? [{ section, metric: `${type} ${name}{${labels}}`, unit, meaning }] : [];
    });
  });
}

const rows = readPage();
let registries: ReadonlyMap<string, readonly MetricAbout[]>;
beforeAll(async () => {
  registries = await readRegistries();
});

describe('the page of metrics', () => {
  it.each([
    'policy-controller',
    'network-renderer',
    'drain-controller',
    'admission-webhook',
    'operand-controller',
    'config-daemon',
    'device-plugin',
  ])('has exactly what the %s registers, with type and labels', (service) => {
    const documented = rows.filter(({ section }) => SECTIONS[section]?.(service)).map(({ metric }) => metric);
    const registered = registries
      .get(service)
      ?.map(({ name, type, labels }) => `${type} ${name}{${labels.join(', ')}}`);
    expect([...documented].sort()).toEqual([...(registered ?? [])].sort());
  });

  it('has every service, and no row in a section that belongs to none', () => {
    expect([...registries.keys()]).toHaveLength(7);
    expect(rows.filter(({ section }) => !(section in SECTIONS))).toEqual([]);
  });

  it('says of our own metrics what they mean and in which unit', () => {
    const ours = rows.filter(({ metric }) => metric.includes(' sriov_'));
    expect(ours.filter(({ unit, meaning }) => unit === '' || meaning === '')).toEqual([]);
  });
});
