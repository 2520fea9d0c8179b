import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readJson } from '@sriov/testing';
import { z } from 'zod';
import { policy, runOn, runWith } from '../test/test-run.ts';

const lines = (...text: string[]): string => text.join('\n');
const network = (name: string): string =>
  lines(
    'apiVersion: sriovnetwork.openshift.io/v1',
    'kind: OVSNetwork',
    `metadata: {name: ${name}}`,
    'spec: {resourceName: r}',
    '',
  );
const json = (name: string): string =>
  JSON.stringify(
    {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'OVSNetwork',
      metadata: { name },
      spec: { resourceName: 'r' },
    },
    undefined,
    2,
  );

const namedSchema = z.array(z.object({ metadata: z.object({ name: z.string() }) }));

/** Names of the networks that are read, in order. */
async function namesIn(stdin: string, ...files: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runWith(stdin, 'render', '-o', 'json', '-f', ...files);
  if (exitCode !== 0) throw new Error(stderr);
  return readJson(namedSchema, stdout).map(({ metadata }) => metadata.name);
}

const rendered = (stdin: string): Promise<string[]> => namesIn(stdin, '-');

describe('reading documents', () => {
  it.each<[sentence: string, text: string, names: string[]]>([
    ['one YAML document', network('a'), ['a']],
    ['several', lines(network('a'), '---', network('b')), ['a', 'b']],
    ['markers with comments and blanks', lines('---  # first', network('a'), '--- ', network('b')), ['a', 'b']],
    ['empty documents', lines('---', '---', '# nothing', '---', network('a'), '---', ''), ['a']],
    ['documents that say null', lines('---', '~', '---', network('a'), '---', 'null', '---', network('b')), ['a', 'b']],
    ['a List of nothing beside an object', lines('apiVersion: v1', 'kind: List', 'items:', '---', network('a')), ['a']],
    ['an end marker', lines(network('a'), '...', network('b'), '...'), ['a', 'b']],
    ['a directive', lines('%YAML 1.2', '---', network('a')), ['a']],
    ['lines that end as on Windows', lines(network('a'), '---', network('b')).replaceAll('\n', '\r\n'), ['a', 'b']],
    ['a byte-order mark', `\uFEFF${network('a')}`, ['a']],
    ['JSON', json('a'), ['a']],
    ['JSON between markers', lines('---', json('a'), '---', json('b')), ['a', 'b']],
    ['JSON objects one behind the other', lines(json('a'), json('b'), json('c').replaceAll('\n', '')), ['a', 'b', 'c']],
    ['JSON with a comma too many, which is YAML', json('a').replace('"r"', '"r",'), ['a']],
    [
      'a List',
      lines(
        'apiVersion: v1',
        'kind: List',
        'items:',
        '- ' + network('a').replaceAll('\n', '\n  '),
        '- ' + network('b').replaceAll('\n', '\n  '),
      ),
      ['a', 'b'],
    ],
    [
      'a List whose items are followed by something, with comments and blank lines',
      lines(
        'apiVersion: v1',
        'items: # of kubectl',
        '# the first',
        ...['a', 'b'].map((name) => lines(`- ${network(name).replaceAll('\n', '\n  ').trimEnd()}`, '# another', '')),
        'kind: List',
        'metadata: {resourceVersion: ""}',
      ),
      ['a', 'b'],
    ],
    [
      'a list of the API server, whose items have no kind',
      JSON.stringify({
        apiVersion: 'sriovnetwork.openshift.io/v1',
        kind: 'OVSNetworkList',
        items: [{ metadata: { name: 'a' }, spec: { resourceName: 'r' } }],
      }),
      ['a'],
    ],
    [
      'anchors and merges',
      lines(
        'apiVersion: v1',
        'kind: List',
        'items:',
        '- &first',
        '  apiVersion: sriovnetwork.openshift.io/v1',
        '  kind: OVSNetwork',
        '  metadata: {name: a}',
        '  spec: {resourceName: r}',
        '- <<: *first',
        '  metadata: {name: b}',
      ),
      ['a', 'b'],
    ],
  ])('reads %s', async (_, text, names) => {
    expect(await rendered(text)).toEqual(names);
  });

  it('takes dashes inside a text for part of it', async () => {
    const json = lines('spec:', '  resourceName: r', '  ipam: |', '    {"a":', '    "---"}', '');
    expect(await rendered(lines(network('a').replace(/spec.*/, json), '---', network('b')))).toEqual(['a', 'b']);
  });
});

describe('input that cannot be read', () => {
  it.each<[sentence: string, text: string, message: string]>([
    ['nothing', '', 'standard input: there are no objects in it'],
    ['comments alone', '# nothing\n---\n', 'standard input: there are no objects in it'],
    ['null alone', 'null\n', 'standard input: there are no objects in it'],
    [
      'YAML that is none',
      lines(network('a'), '---', 'kind: [OVSNetwork', 'metadata: {}'),
      'standard input: document 2, line 8: column',
    ],
    [
      'a tab for indentation',
      lines('kind: OVSNetwork', 'metadata:', '\tname: a'),
      'standard input: document 1, line 3: column 1: ',
    ],
    [
      'a member that is there twice',
      lines('# a comment', '', 'kind: OVSNetwork', 'kind: SriovNetwork'),
      'standard input: document 1, line 4: column',
    ],
    ['an alias without an anchor', 'kind: *nothing', 'standard input: document 1, line 1: column'],
    ['JSON that ends in the middle', '{"kind": "OVSNetwork"', 'standard input: document 1, line 1: column'],
    ['a list', '- a\n- b\n', 'standard input: document 1, line 1: is no Kubernetes object, but a list'],
    ['a word', 'word', 'standard input: document 1, line 1: is no Kubernetes object, but the string "word"'],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}', 'standard input: document 1, line 1: kind is required'],
    ['no apiVersion', 'kind: Node\nmetadata: {name: a}', 'standard input: document 1, line 1: apiVersion is required'],
    [
      'no name',
      'apiVersion: v1\nkind: Node\nmetadata: {}',
      'standard input: document 1, line 1: metadata.name is required',
    ],
    ['no metadata', '---\n# a\napiVersion: v1\nkind: Node', 'standard input: document 1, line 3: metadata is required'],
    [
      'a label that is a number',
      'apiVersion: v1\nkind: Node\nmetadata: {name: a, labels: {rack: 7}}',
      'standard input: document 1, line 1: metadata.labels.rack 7: must be text; YAML read a number: put what you wrote in quotes',
    ],
    [
      'an item of a List that is none',
      'apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Node, metadata: {name: a}}, 7]',
      'standard input: document 1, line 1, item 2 of the list: is no Kubernetes object, but the number 7',
    ],
    [
      'a List whose items are none',
      'apiVersion: v1\nkind: List\nitems: {a: 1}',
      'standard input: document 1, line 1: List: items is no list',
    ],
    [
      'an item of a List that stands on lines of its own',
      lines(
        'apiVersion: v1',
        'items:',
        '- apiVersion: v1',
        '  kind: Node',
        '  metadata: {name: a}',
        '-',
        '  kind: Node',
        'kind: List',
      ),
      'standard input: document 1, line 7, item 2 of the list: apiVersion is required',
    ],
    [
      'a node state whose interfaces are none',
      lines(
        'apiVersion: sriovnetwork.openshift.io/v1',
        'kind: SriovNetworkNodeState',
        'metadata: {name: n1}',
        'status: {interfaces: [{pciAddress: 7}]}',
      ),
      'standard input: document 1, line 1: SriovNetworkNodeState n1: status.interfaces.0.pciAddress 7: must be text; YAML read a number: put what you wrote in quotes',
    ],
    [
      'a node state that is a list',
      lines(
        'apiVersion: sriovnetwork.openshift.io/v1',
        'kind: SriovNetworkNodeState',
        'metadata: {name: n1}',
        'status: [1]',
      ),
      'standard input: document 1, line 1: SriovNetworkNodeState n1: status: must be an object with fields',
    ],
    [
      'a ConfigMap whose data are no texts',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: supported-nic-ids}\ndata: {a: 8086}',
      'standard input: document 1, line 1: ConfigMap supported-nic-ids: data.a 8086: must be text; YAML read a number: put what you wrote in quotes',
    ],
    ['nesting without end', `a: ${'['.repeat(5_000)}`, 'standard input: document 1, line 1: column'],
    ['a character that YAML forbids', 'a: \u0000', 'standard input: document 1, line 1: '],
  ])('names file, document and line of %s, and ends with 2', async (_, text, message) => {
    for (const command of ['plan', 'render', 'validate']) {
      const { exitCode, stdout, stderr } = await runWith(text, command, '-f', '-');
      expect(stderr.slice(0, 'error: '.length + message.length)).toBe(`error: ${message}`);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    }
  });

  it('tells of all parts that cannot be read, not of the first alone', async () => {
    const { stderr } = await runWith(lines('a: [', '---', network('a'), '---', 'b: ]'), 'plan', '-f', '-');
    expect(stderr).toMatch(/^error: standard input: document 1, .*\nerror: standard input: document 3, line 9: .*\n$/);
  });
});

describe('files and folders', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubectl-sriov-'));
    await mkdir(join(folder, 'below'));
    await writeFile(join(folder, 'b.yaml'), network('b'));
    await writeFile(join(folder, 'a.yml'), network('a'));
    await writeFile(join(folder, 'c.json'), json('c'));
    await writeFile(join(folder, 'notes.txt'), 'not: [for us');
    await writeFile(join(folder, 'below', 'd.yaml'), network('d'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('reads files in the order in which they are named, and standard input among them', async () => {
    expect(await namesIn(network('in'), join(folder, 'c.json'), '-', join(folder, 'a.yml'))).toEqual(['c', 'in', 'a']);
  });

  it('takes -f again and again', async () => {
    expect(await namesIn('', join(folder, 'c.json'), '-f', join(folder, 'a.yml'))).toEqual(['c', 'a']);
  });

  it('reads the YAML and JSON files of a folder by name, and not those of its folders', async () => {
    expect(await namesIn('', folder)).toEqual(['a', 'b', 'c']);
    expect(await namesIn('', folder, '--recursive')).toEqual(['a', 'b', 'd', 'c']);
  });

  it.each<[sentence: string, path: string, message: string]>([
    ['a file that is not there', 'gone.yaml', 'gone.yaml: there is no such file or folder'],
    ['a folder without files', 'below/none', 'none: the folder has no file that ends in .yaml, .yml or .json'],
    ['a file that is no text', 'picture.yaml', 'picture.yaml: is no UTF-8 text'],
  ])('says what is wrong with %s', async (_, path, message) => {
    await mkdir(join(folder, 'below', 'none'));
    await writeFile(join(folder, 'picture.yaml'), Buffer.from([0x89, 0x50, 0xff, 0xfe]));
    const { exitCode, stderr } = await runWith('', 'plan', '-f', join(folder, path));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(folder);
  });

  it('names the file of what it cannot read', async () => {
    await writeFile(join(folder, 'bad.yaml'), lines(network('a'), '---', 'kind: ['));
    const { stderr } = await runWith('', 'plan', '-f', folder);
    expect(stderr).toContain(`error: ${join(folder, 'bad.yaml')}: document 2, line `);
  });
});

describe('notes', () => {
  it('tells of kinds that it does not know, of fields that a kind has not, and of objects that are there twice', async () => {
    const text = lines(
      network('a').replace('r}', 'r, vlanQos: 3, trunk: [{ID: 7}]}'),
      '---',
      network('a'),
      '---',
      'apiVersion: apps/v1',
      'kind: Deployment',
      'metadata: {name: d}',
      '---',
      'apiVersion: kustomize.config.k8s.io/v1beta1',
      'kind: Kustomization',
      '---',
      'apiVersion: batch/v1',
      'kind: Job',
      'metadata: {generateName: j-, labels: {n: 1}}',
      '---',
      network('of-another-group').replace('openshift.io/v1', 'openshift.io/v2'),
    );
    const { exitCode, stderr } = await runWith(text, 'validate', '-f', '-');
    // The network of a version that does not exist is refused.
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      lines(
        'note: objects of other kinds are ignored: Deployment, Kustomization, Job',
        'note: standard input: document 1, line 1: OVSNetwork a has no such fields as spec.vlanQos, spec.trunk.0.ID (near: id): the API server drops them',
        'note: OVSNetwork sriov-network-operator/a is there twice: standard input: document 2, line 7 counts, standard input: document 1, line 1 does not',
        '',
      ),
    );
  });

  it('says that nothing is compared with nodes where the input has none', async () => {
    const { stderr } = await runOn([policy('p', {})], 'validate');
    expect(stderr).toContain(
      'note: there is no Node and no SriovNetworkNodeState in the input, so nothing is compared',
    );
  });

  it.each(['plan', 'render'])('says of an object of ours that does not exist what to write: %s', async (command) => {
    const { stderr } = await runWith(
      network('a').replace('openshift.io/v1', 'openshift.io/v1beta1'),
      command,
      '-f',
      '-',
    );
    expect(stderr).toContain(
      'note: standard input: document 1, line 1: OVSNetwork a is ignored: there is no OVSNetwork of apiVersion sriovnetwork.openshift.io/v1beta1: write sriovnetwork.openshift.io/v1\n',
    );
    expect(stderr).not.toContain('other kinds');
  });

  it('says that it assumes a SriovOperatorConfig, and what a policy without priority is', async () => {
    const policies = ['a', 'b'].map((name) =>
      lines(
        'apiVersion: sriovnetwork.openshift.io/v1',
        'kind: SriovNetworkNodePolicy',
        `metadata: {name: ${name}}`,
        `spec: {resourceName: r, numVfs: 1, nodeSelector: {}, nicSelector: {vendor: "8086"}${name === 'a' ? ', priority: 7' : ''}}`,
      ),
    );
    const { stderr } = await runWith(policies.join('\n---\n'), 'plan', '-f', '-');
    expect(stderr).toContain('note: there is no SriovOperatorConfig default in sriov-network-operator');
    expect(stderr).toContain('note: b: without spec.priority a policy ranks highest (0)');
  });
});
