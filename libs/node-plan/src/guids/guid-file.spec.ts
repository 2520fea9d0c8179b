import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type GuidFile, guidOfVf, readGuidFile } from './guid-file.ts';

const PF = '0000:5e:00.0';
const GUID = '02:00:00:00:00:00:01:00';
const OTHER = '02:00:00:00:00:00:01:01';

const read = (...entries: readonly unknown[]): GuidFile | string => readGuidFile(JSON.stringify(entries));
const range = (start: string, end: string): object => ({ guidsRange: { start, end } });

/** GUIDs of the first VFs by the first entry. */
function guidsOf(file: GuidFile | string, vfs: number): (string | undefined)[] | string {
  if (typeof file === 'string') return file;
  const [entry] = file.entries;
  return Array.from({ length: vfs }, (_, id) => entry && guidOfVf(entry, id));
}

describe('the GUID file', () => {
  it('of the examples gives GUIDs to the VFs of two ports', () => {
    const path = join(import.meta.dirname, '../../../../docs/examples/infiniband-guids');
    const file = readGuidFile(readFileSync(path, 'utf8'));
    expect(guidsOf(file, 5)).toEqual(
      [0, 1, 2, 3].map((number): string | undefined => `02:00:00:00:00:00:01:0${number}`).concat(undefined),
    );
    expect(file).toMatchObject({ entries: [{ pf: { pciAddress: PF } }, { pf: { guid: 'b8:59:9f:03:00:f9:8f:87' } }] });
  });

  it.each<[string, object, GuidFile['entries'][number]['pf']]>([
    ['by its PCI address', { pciAddress: PF }, { pciAddress: PF }],
    ['by its PCI address as the documentation spells it', { pci_address: PF }, { pciAddress: PF }],
    ['by its PCI address in capitals', { pciAddress: '0000:5E:00.0' }, { pciAddress: PF }],
    ['by both spellings with one value', { pciAddress: PF, pci_address: PF }, { pciAddress: PF }],
    ['beside an empty key', { pciAddress: PF, pfGuid: '' }, { pciAddress: PF }],
    ['by its GUID', { pfGuid: 'B8:59:9F:03:00:F9:8F:86' }, { guid: 'b8:59:9f:03:00:f9:8f:86' }],
    ['by its GUID as the documentation spells it', { pf_guid: GUID }, { guid: GUID }],
    [
      'by the whole address of its interface',
      { pfGuid: `00:00:10:29:fe:80:00:00:00:00:00:00:${GUID}` },
      { guid: GUID },
    ],
  ])('names a PF %s', (_, key, pf) => {
    expect(read({ ...key, guids: [GUID] })).toEqual({ entries: [{ pf, guids: [GUID] }] });
  });

  it.each<[string, object, number, (string | undefined)[]]>([
    ['a list', { guids: [GUID, '02-00-00-00-00-00-01-01'] }, 3, [GUID, OTHER, undefined]],
    [
      'a range with its last GUID',
      range('0200.0000.0000.00fe', '02:00:00:00:00:00:01:00'),
      4,
      ['02:00:00:00:00:00:00:fe', '02:00:00:00:00:00:00:ff', GUID, undefined],
    ],
    ['a range of one', range(GUID, GUID), 2, [GUID, undefined]],
    ['a list beside an empty range', { guids: [GUID], guidsRange: {} }, 1, [GUID]],
    [
      'a range that begins with a zero',
      range('00:00:00:00:00:00:00:01', '00:00:00:00:00:00:00:02'),
      1,
      ['00:00:00:00:00:00:00:01'],
    ],
  ])('gives VFs GUIDs by %s', (_, guids, vfs, expected) => {
    expect(guidsOf(read({ pciAddress: PF, ...guids }), vfs)).toEqual(expected);
  });

  it('gives VF 2 the last GUID of a range of three, and VF 3 none', () => {
    const file = read({ pciAddress: PF, ...range('02:00:00:00:00:00:00:0e', '02:00:00:00:00:00:00:10') });
    expect(guidsOf(file, 4)).toEqual([
      '02:00:00:00:00:00:00:0e',
      '02:00:00:00:00:00:00:0f',
      '02:00:00:00:00:00:00:10',
      undefined,
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['is empty', '', /^it is not JSON: it may be half written$/],
    ['is half written', `[{"pciAddress":"${PF}","guids":["02:0`, /^it is not JSON/],
    ['is no list', '{}', /^it is not a list of entries$/],
    ['is null', 'null', /^it is not a list of entries$/],
    ['has an entry that is none', '[1]', /^entry 1: the entry: /],
    ['has a number for a GUID', `[{"pciAddress":"${PF}","guids":[1]}]`, /^entry 1: guids\.0: /],
  ])('cannot be used when it %s', (_, text, message) => {
    expect(readGuidFile(text)).toMatch(message);
  });

  it.each<[string, object, RegExp]>([
    ['names no PF', { guids: [GUID] }, /^entry 2: it must name its PF by either pciAddress or pfGuid$/],
    ['names a PF in both ways', { pciAddress: PF, pfGuid: GUID, guids: [GUID] }, /either pciAddress or pfGuid/],
    [
      'names two PFs',
      { pciAddress: PF, pci_address: '0000:5e:00.1', guids: [GUID] },
      /^entry 2: pciAddress is given twice/,
    ],
    ['names a PF by no GUID', { pfGuid: '02:00', guids: [GUID] }, /^entry 2: pfGuid: "02:00" is not a GUID/],
    ['has no GUIDs', { pciAddress: PF }, /^entry 2: it must have either guids or guidsRange/],
    ['has an empty list', { pciAddress: PF, guids: [] }, /either guids or guidsRange/],
    ['has both', { pciAddress: PF, guids: [GUID], ...range(GUID, OTHER) }, /either guids or guidsRange/],
    [
      'has a range without an end',
      { pciAddress: PF, guidsRange: { start: GUID } },
      /guidsRange\.end: "" is not a GUID/,
    ],
    [
      'has a range without a start',
      { pciAddress: PF, guidsRange: { end: GUID } },
      /guidsRange\.start: "" is not a GUID/,
    ],
    [
      'has a range that ends before it begins',
      { pciAddress: PF, ...range(OTHER, GUID) },
      /01:00 is before 02:.*01:01$/,
    ],
    ['has a GUID of six octets', { pciAddress: PF, guids: [GUID, '02:00:00:00:00:01'] }, /^entry 2: guids\.1: /],
    ['has a GUID of zeros', { pciAddress: PF, guids: ['00:00:00:00:00:00:00:00'] }, /zeros stand for no GUID/],
  ])('cannot be used, the other entries neither, when an entry %s', (_, entry, message) => {
    expect(read({ pciAddress: PF, guids: [GUID] }, entry)).toMatch(message);
  });

  it('is read or refused with a sentence, whatever is in it, and gives only GUIDs', () => {
    const key = fc.constantFrom('pciAddress', 'pci_address', 'pfGuid', 'pf_guid', 'guids', 'guidsRange');
    const text = fc.oneof(fc.constantFrom(PF, GUID, OTHER, ''), fc.string());
    const value = fc.oneof(text, fc.array(text), fc.record({ start: text, end: text }), fc.jsonValue());
    const rows = fc.array(fc.oneof(fc.dictionary(key, value), fc.jsonValue()));
    const whole = fc.oneof(
      rows.map((each) => JSON.stringify(each)),
      fc.string(),
    );
    const cut = fc.tuple(whole, fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(cut, ([content, share]) => {
        const file = readGuidFile(content.slice(0, Math.ceil(content.length * share)));
        const guids = guidsOf(file, 3);
        if (typeof guids === 'string') expect(guids).not.toBe('');
        else for (const guid of guids) if (guid !== undefined) expect(guid).toMatch(/^([0-9a-f]{2}:){7}[0-9a-f]{2}$/);
      }),
    );
  });
});
