import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readManifests } from '@sriov/control-plane';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderChart } from '../render.ts';
import { writeBase } from './write-base.ts';

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'base-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const kustomization = z.object({ resources: z.array(z.string()) });
const resources = (): string[] => kustomization.parse(parse(read('kustomization.yaml'))).resources;

describe('the chart as a base of kustomize', () => {
  it('has the objects that helm installs, each once', async () => {
    const values = { crds: { networkAttachmentDefinition: true }, networkPolicy: { enabled: true } };
    await writeBase(folder, { values, namespace: 'sriov' });
    const written = resources().flatMap((name) => readManifests(read(name)));
    const byName = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(written.toSorted(byName)).toEqual((await renderChart({ values, namespace: 'sriov' })).toSorted(byName));
    expect(resources()).toEqual([
      'crds.yaml',
      'rights.yaml',
      'configuration.yaml',
      'workloads.yaml',
      'registration.yaml',
    ]);
  });

  it('loses what other values leave out, and leaves the files of others alone', async () => {
    writeFileSync(join(folder, 'own.yaml'), '');
    await writeBase(folder, {});
    await writeBase(folder, { values: { operator: { admissionControllers: { enabled: false } } } });
    expect(resources()).not.toContain('registration.yaml');
    expect(readdirSync(folder).sort()).toEqual([...resources(), 'kustomization.yaml', 'own.yaml'].sort());
  });

  it('stays as it is when the chart refuses the values', async () => {
    await writeBase(folder, {});
    const before = read('workloads.yaml');
    await expect(writeBase(folder, { values: { policyControler: {} } })).rejects.toThrow('policyControler');
    expect(read('workloads.yaml')).toBe(before);
  });
});

describe('a file with values', () => {
  const write = async (text: string): Promise<string> => {
    const valuesFile = join(folder, 'values.yaml');
    writeFileSync(valuesFile, text);
    await writeBase(folder, { valuesFile });
    return read('workloads.yaml');
  };

  it('is read by helm, so an unquoted date stays the text that it is', async () => {
    expect(await write('images: {policyController: example.com/image, networkRenderer: 2026-11-29}')).toContain(
      'image: 2026-11-29:',
    );
  });

  it.each([
    ['- a', 'cannot unmarshal array'],
    ['a: [', 'values.yaml'],
  ])('is refused in the words of helm: %s', async (text, message) => {
    await expect(write(text)).rejects.toMatchObject({
      code: 'CHART_FAILED',
      message: expect.stringContaining(message),
    });
  });

  it('is refused when it is not there', async () => {
    const valuesFile = join(folder, 'none.yaml');
    await expect(writeBase(folder, { valuesFile })).rejects.toThrow(`${valuesFile}: no such file`);
  });
});
