import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { kubeconfigText, type Manifest } from '@sriov/control-plane';
import { buildCrd } from '@sriov/crds';
import { parseAllDocuments } from 'yaml';
import { partOf } from './manifest.ts';
import { CHART_FOLDER, renderChartText } from './render.ts';

jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../../..');

/** As helm and kubectl (1.1) or newer programs (1.2) read it. */
const read = (text: string, version: '1.1' | '1.2'): unknown[] =>
  parseAllDocuments(text, { version }).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as unknown;
  });

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules') && !name.includes('templates'))
    .map((name) => join(folder, name));

/** Files that helm, kubectl or a person's own tools read. */
const FILES = ['charts', 'docs'].flatMap((folder) => filesBelow(folder, '.yaml'));
/** YAML that people copy out of the documentation. */
const SNIPPETS = ['README.md', ...filesBelow('docs', '.md'), ...filesBelow('charts', '.md')].flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^```ya?ml\n(.*?)^```/gms)].map(
    ([, text], index) => [`${file}, snippet ${index + 1}`, text ?? ''] as const,
  ),
);

describe('YAML 1.1, which helm and kubectl read, and YAML 1.2 agree about', () => {
  it.each(FILES)('%s', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(read(text, '1.1')).toEqual(read(text, '1.2'));
  });

  it.each(SNIPPETS)('%s', (_, text) => {
    expect(read(text, '1.1')).toEqual(read(text, '1.2'));
  });

  it('a kubeconfig whose user has an odd name', () => {
    const text = kubeconfigText({ server: 'https://127.0.0.1', ca: '', user: { name: 'on', token: '1_000' } });
    expect(read(text, '1.1')).toEqual(read(text, '1.2'));
    expect(text).toContain('"on"');
  });

  const ODD_NAMES = {
    imagePullSecrets: ['yes', '1e3'],
    images: { webhook: '1:20' },
    operator: { priorityClassName: 'off', extraEnv: { y: 'no' }, nodeSelector: { on: 'off' } },
    admissionWebhook: { replicas: 1 },
    supportedExtraNICs: ['on: "8086 1521 1520"', '0x1: 8086 1521 1520'],
    sriovOperatorConfig: { configDaemonNodeSelector: { n: '0b1' } },
  };
  it.each([
    ['its defaults', {}, 'sriov-network-operator', 'sriov'],
    ['names that are words or numbers in one of them', ODD_NAMES, '123', 'on'],
    ['a namespace that is a float in one of them', {}, '1e3', '0x1'],
  ])('the chart with %s', async (_, values, namespace, release) => {
    const text = await renderChartText({ values, namespace, release });
    const objects = read(text, '1.1').filter((object) => object !== null) as Manifest[];
    expect(objects).toEqual(read(text, '1.2').filter((object) => object !== null));
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    expect([...namespaces].filter((name) => name !== undefined)).toEqual([namespace]);
    const labelled = objects.filter((object) => partOf(object) !== 'crds');
    expect(new Set(labelled.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/instance']))).toEqual(
      new Set([release]),
    );
  });
});

describe('the CRD files, read as helm and kubectl do', () => {
  it.each(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'mean what libs/api says of %s',
    (_, resource) => {
      const file = join(CHART_FOLDER, `files/crds/${resource.group}_${resource.plural}.yaml`);
      const meant = JSON.parse(JSON.stringify(buildCrd(resource))) as unknown;
      expect(read(readFileSync(file, 'utf8'), '1.1')).toEqual([meant]);
    },
  );
});
