import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { readJson } from '@sriov/testing';
import { z } from 'zod';
import { buildCrd, buildTypedCrd } from './crd.ts';
import { fieldsOf } from './fields.ts';
import { type FieldFacts, flattenFields } from './flatten.ts';
import { type JsonSchema, toStructuralSchema } from './json-schema.ts';
import { PRESERVED } from './preserved.ts';

const factsSchema = z.record(z.string(), z.unknown());
const upstreamSchema = z.object({
  group: z.string(),
  version: z.string(),
  scope: z.string(),
  names: factsSchema,
  subresources: z.array(z.string()),
  printerColumns: z.array(factsSchema),
  fields: z.record(z.string(), factsSchema),
});
const fixture = readJson(
  z.object({ crds: z.record(z.string(), upstreamSchema) }),
  readFileSync(join(import.meta.dirname, 'fixtures/crd-fields.json'), 'utf8'),
);

/** Fields that upstream's CRDs lack: ours are a superset. */
const ADDED_FIELDS: Record<string, readonly RegExp[]> = {
  SriovNetworkNodePolicy: [/^status\.conditions/, /^status\.(matched|ready)NodeCount$/],
  SriovNetworkNodeState: [/^status\.(conditions|failures)/, /^status\.(pf|vf)Count$/],
  SriovNetworkPoolConfig: [/^spec\.(drain|canary)/, /^status\.conditions/, /^status\.(matched|ready)NodeCount$/],
};

const text = (maxLength: number): FieldFacts => ({ maxLength });
const NETWORK_BOUNDS: Record<string, FieldFacts> = {
  'spec.ipam': text(32_768),
  'spec.metaPlugins': text(32_768),
  'spec.capabilities': text(4_096),
  'spec.networkNamespace': text(253),
  'spec.resourceName': text(253),
};
const LABEL_BOUNDS = (path: string): Record<string, FieldFacts> => ({
  [path]: { maxProperties: 256 },
  [`${path}{}`]: text(253),
});

/** Bounds that upstream's CRDs lack: see `FIELD_BOUNDS`. */
const ADDED_BOUNDS: Record<string, Record<string, FieldFacts>> = {
  SriovNetwork: { ...NETWORK_BOUNDS, 'spec.logFile': text(4_096) },
  SriovIBNetwork: { ...NETWORK_BOUNDS, 'spec.pKey': text(253) },
  OVSNetwork: {
    ...NETWORK_BOUNDS,
    'spec.bridge': text(253),
    'spec.interfaceType': text(253),
    'spec.trunk': { maxItems: 4_096 },
  },
  SriovOperatorConfig: LABEL_BOUNDS('spec.configDaemonNodeSelector'),
  SriovNetworkPoolConfig: {
    ...LABEL_BOUNDS('spec.nodeSelector.matchLabels'),
    'spec.nodeSelector.matchExpressions': { maxItems: 256 },
    'spec.nodeSelector.matchExpressions[].key': text(317),
    'spec.nodeSelector.matchExpressions[].operator': text(253),
    'spec.nodeSelector.matchExpressions[].values': { maxItems: 256 },
    'spec.nodeSelector.matchExpressions[].values[]': text(253),
  },
  SriovNetworkNodePolicy: {
    ...LABEL_BOUNDS('spec.nodeSelector'),
    'spec.resourceName': text(253),
    'spec.nicSelector.vendor': text(253),
    'spec.nicSelector.deviceID': text(253),
    'spec.nicSelector.netFilter': text(253),
    'spec.nicSelector.rootDevices': { maxItems: 256 },
    'spec.nicSelector.rootDevices[]': text(253),
    // The CEL rules on these need a bounded cost as well.
    'spec.nicSelector.pfNames': { maxItems: 256 },
    'spec.nicSelector.pfNames[]': { maxLength: 140 },
  },
};

/** Columns behind those of upstream, by kind. */
const ADDED_COLUMNS: Record<string, readonly string[]> = {
  SriovNetworkNodePolicy: ['Resource', 'VFs', 'Matched', 'Ready', 'Age', 'Reason'],
  SriovNetworkNodeState: ['PFs', 'VFs', 'Reason', 'Failed PF', 'Failure'],
  SriovNetworkPoolConfig: ['Max Unavailable', 'RDMA Mode', 'Matched', 'Ready', 'Age', 'Reason'],
};

interface Version {
  readonly name: string;
  readonly subresources: JsonSchema;
  readonly additionalPrinterColumns: JsonSchema[];
  readonly schema: { openAPIV3Schema: JsonSchema };
}
interface CrdSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: JsonSchema;
  readonly versions: [Version];
}
const specOf = (crd: JsonSchema): CrdSpec => crd['spec'] as CrdSpec;

/** Paths of the fields without a description. Metadata is described by Kubernetes. */
const undescribed = (node: JsonSchema, path: string): string[] => {
  const fields = Object.entries((node['properties'] ?? {}) as Record<string, JsonSchema>);
  return [
    ...fields.flatMap(([name, field]) => [
      ...(field['description'] === undefined && name !== 'metadata' ? [`${path}.${name}`] : []),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...(node['items'] === undefined ? [] : undescribed(node['items'] as JsonSchema, `${path}[]`)),
  ];
};

describe.each(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource] as const))(
  'the CRD of %s',
  (kind, resource) => {
    const upstream = fixture.crds[kind];
    const ours = specOf(buildCrd(resource));
    // What the API server does not check in ours has upstream's shape all the same.
    const fields = flattenFields(specOf(buildTypedCrd(resource)).versions[0].schema.openAPIV3Schema);

    it('tells of each field what it is, for "kubectl explain"', () => {
      expect(undescribed(ours.versions[0].schema.openAPIV3Schema, '')).toEqual([]);
    });

    it('has the same group, version, scope, names and subresources as upstream', () => {
      expect({
        group: ours.group,
        version: ours.versions[0].name,
        scope: ours.scope,
        names: ours.names,
        subresources: Object.keys(ours.versions[0].subresources),
      }).toEqual({
        group: upstream?.group,
        version: upstream?.version,
        scope: upstream?.scope,
        // `kubectl get sriov`, and a short name for each kind.
        names: { ...upstream?.names, shortNames: [resource.shortName], categories: ['sriov'] },
        subresources: upstream?.subresources,
      });
    });

    it('has every field of upstream with the same type, default, enum and bounds', () => {
      const wanted = Object.entries(upstream?.fields ?? {}).map(([path, { fork: _, ...facts }]) => {
        return [path, { ...facts, ...ADDED_BOUNDS[kind]?.[path] }] as const;
      });
      expect(fields).toEqual(expect.objectContaining(Object.fromEntries<object>(wanted)));
    });

    it('adds only the fields that are listed', () => {
      const added = Object.keys(fields).filter((path) => !(path in (upstream?.fields ?? {})));
      const unlisted = added.filter((path) => !ADDED_FIELDS[kind]?.some((pattern) => pattern.test(path)));
      expect(unlisted).toEqual([]);
    });

    it('shows the columns of upstream, and behind them those that are listed', () => {
      const columns = ours.versions[0].additionalPrinterColumns;
      const ofUpstream = upstream?.printerColumns ?? [];
      expect(columns.slice(0, ofUpstream.length)).toEqual(ofUpstream);
      expect(columns.slice(ofUpstream.length).map(({ name }) => name)).toEqual(ADDED_COLUMNS[kind] ?? []);
    });

    it('documents every field of its spec', () => {
      const undocumented: string[] = [];
      for (const [name, field] of Object.entries(resource.spec.shape) as [string, z.ZodType][]) {
        const text = (toStructuralSchema(z.object({ [name]: field }))['properties'] as Record<string, JsonSchema>)[
          name
        ];
        if (text?.['description'] === undefined) undocumented.push(name);
      }
      expect(undocumented).toEqual([]);
    });
  },
);

describe('status.interfaces of a SriovNetworkNodeState', () => {
  const [{ schema }] = specOf(buildCrd(SRIOV_NETWORK_NODE_STATE)).versions;
  const fields = Object.fromEntries(fieldsOf(schema.openAPIV3Schema).map(({ path, node }) => [path, node]));
  const entry = fields['status.interfaces[]'];

  it('is not checked by the API server, whose time it would take', () => {
    expect(Object.keys(fields).filter((path) => path.startsWith('status.interfaces[].'))).toEqual([]);
    expect(entry?.[PRESERVED]).toBe(true);
  });

  it('still lists its fields for "kubectl explain"', () => {
    const lines = String(entry?.['description']).split('\n');
    expect(lines).toContain('totalvfs (integer): Largest number of VFs that the PF can have now.');
    expect(lines).toContain('Vfs[].vfID (integer): Index of the VF on its PF, from 0.');
  });
});

describe('toStructuralSchema', () => {
  it.each([
    ['a union of types', z.object({ a: z.union([z.string(), z.object({})]) }), /a: a CRD cannot express anyOf/],
    ['an untyped node', z.object({ a: z.unknown() }), /a: a CRD needs a type/],
    ['a pattern with look-ahead', z.object({ a: z.string().regex(/^(?!b)/) }), /a: .*RE2/],
    ['a date object', z.object({ a: z.date() }), /Date cannot be represented/],
  ])('refuses %s', (_, schema, message) => {
    expect(() => toStructuralSchema(schema)).toThrow(message);
  });
});
