import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OPERATOR_VERSION } from '@sriov/api';
import { parse } from 'yaml';
import { z } from 'zod';
import { IMAGES, NODE } from './recipe.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
const names = IMAGES.map(({ name }) => name as string);

describe('the recipe of the images', () => {
  it('names the targets of the Dockerfile, and their apps', () => {
    const targets = [...read('Dockerfile').matchAll(/^FROM service AS (\S+)$/gm)].map(([, name]) => name);
    expect(targets.toSorted()).toEqual(names.toSorted());
  });

  it('has every image of ours that the chart deploys', () => {
    const chart = z.object({ images: z.record(z.string(), z.string()) });
    const values = chart.parse(parse(read('charts/sriov-network-operator/values.yaml')));
    const ours = Object.values(values.images).filter((image) => image.startsWith('sriov-operator/'));
    expect(names).toEqual(expect.arrayContaining(ours.map((image) => image.slice('sriov-operator/'.length))));
  });

  it('has the version of the chart', () => {
    const chart = z.object({ appVersion: z.string() });
    expect(chart.parse(parse(read('charts/sriov-network-operator/Chart.yaml'))).appVersion).toBe(OPERATOR_VERSION);
  });

  it('has the Node.js that bundles are made for', () => {
    expect(read('tools/scripts/bundle.mjs')).toContain(`'node${NODE.version.split('.')[0]}'`);
  });
});
