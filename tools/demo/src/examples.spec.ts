import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { EXAMPLES, readExample, readExamples } from './examples.ts';

describe('the examples', () => {
  it('are what the README shows', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const shown = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => parse(text) as unknown);
    const { policies, networks } = await readExamples();
    expect(shown).toHaveLength(2);
    for (const object of shown) expect([...policies, ...networks]).toContainEqual(object);
  });

  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml')))('of %s fit together', async (file) => {
    const objects = await readExample(file);
    const networks = objects.flatMap((object) => (/Network$/.test(object.kind) ? [networkSchema.parse(object)] : []));
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'Pod').map((pod) => podSchema.parse(pod))) {
      const name = metadata.annotations['k8s.v1.cni.cncf.io/networks'];
      const network = networks.find((each) => each.metadata.name === name);
      expect(network?.spec.networkNamespace ?? network?.metadata.namespace).toBe(metadata.namespace);
      const [{ resources }] = spec.containers;
      expect(resources.limits).toEqual(
        expect.objectContaining({ [`openshift.io/${network?.spec.resourceName}`]: '1' }),
      );
      expect(resources.requests).toEqual(resources.limits);
    }
  });

  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml')))(
    'of %s are explained in the index',
    (file) => {
      expect(readFileSync(join(EXAMPLES, 'README.md'), 'utf8')).toContain(`](${file})`);
    },
  );
});

const networkSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({ resourceName: z.string(), networkNamespace: z.string().optional() }),
});
const quantities = z.record(z.string(), z.string());
const podSchema = z.object({
  metadata: z.object({
    namespace: z.string(),
    annotations: z.object({ 'k8s.v1.cni.cncf.io/networks': z.string() }),
  }),
  spec: z.object({
    containers: z.tuple([z.object({ resources: z.object({ requests: quantities, limits: quantities }) })]),
  }),
});
