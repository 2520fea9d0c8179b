import { type CustomResource, type ValidationRule } from '@sriov/api';
import { stringify } from 'yaml';
import { type JsonSchema, toStructuralSchema } from './json-schema.ts';
import { foldPreserved, ignorePreserved } from './preserved.ts';

/** `kubectl get sriov` lists all of our kinds. */
const CATEGORY = 'sriov';

/** The CustomResourceDefinition of a kind, as an object. */
export function buildCrd(resource: CustomResource): JsonSchema {
  return crdWith(resource, foldPreserved(objectSchema(resource)));
}

/** The same, with every field of the status checked by the API server, as in upstream's CRDs: to compare with. */
export function buildTypedCrd(resource: CustomResource): JsonSchema {
  return crdWith(resource, ignorePreserved(objectSchema(resource)));
}

function crdWith(resource: CustomResource, schema: JsonSchema): JsonSchema {
  const { group, version, kind, plural, singular, shortName } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: [CATEGORY] },
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: resource.printerColumns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}

/**
 * The CRD as the file in the chart: keys sorted, so that a diff shows what changed and nothing else. helm and kubectl
 * read YAML 1.1, where an unquoted `on` is true: whatever one of the two versions would misread stands in quotes.
 */
export function crdFile(resource: CustomResource): string {
  const yaml = stringify(buildCrd(resource), {
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  });
  return `# Generated from libs/api by "npm run generate". Do not edit.\n${yaml}`;
}

function objectSchema(resource: CustomResource): JsonSchema {
  const { description, spec, status, validations, nameValidation } = resource;
  return {
    type: 'object',
    description,
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: { description: `The desired state. ${description}`, ...toStructuralSchema(spec), ...rulesOf(validations) },
      status: { description: 'The observed state.', ...toStructuralSchema(status) },
    },
    ...rulesOf(nameValidation ? [nameValidation] : []),
  };
}

function rulesOf(rules: readonly ValidationRule[]): JsonSchema {
  return rules.length === 0 ? {} : { 'x-kubernetes-validations': rules.map((rule) => ({ ...rule })) };
}
