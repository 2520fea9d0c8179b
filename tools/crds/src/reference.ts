import { apiVersionOf, type CustomResource, type PrinterColumn, type ValidationRule } from '@sriov/api';
import { type Field, fieldsOf, typeOf } from './fields.ts';
import { type JsonSchema, toStructuralSchema } from './json-schema.ts';
import { PRESERVED } from './preserved.ts';

/**
 * The page that describes every field of a kind, in Markdown: what `kubectl explain` tells, and what it cannot.
 * @param example - An object of the kind, in YAML; absent for a kind that nobody writes by hand.
 */
export function referencePage(resource: CustomResource, example?: string): string {
  const { kind, description, plural, shortName, spec, status, printerColumns, validations, nameValidation } = resource;
  return [
    `<!-- Generated from libs/api by "npm run generate". Do not edit. -->`,
    `# ${kind}`,
    description,
    `\`${apiVersionOf(resource)}\`, plural \`${plural}\`, short name \`${shortName}\`.`,
    ...exampleSection(example),
    ...sectionOf('Spec: the desired state', 'spec', spec),
    ...sectionOf('Status: the observed state', 'status', status),
    ...rulesSection([...(nameValidation ? [nameValidation] : []), ...validations]),
    ...columnsSection(printerColumns),
  ]
    .join('\n\n')
    .concat('\n');
}

function exampleSection(example: string | undefined): string[] {
  if (example === undefined) return [];
  return ['## Example', `\`\`\`yaml\n${example}\n\`\`\``, 'There are more in [examples](../examples/README.md).'];
}

function sectionOf(title: string, root: 'spec' | 'status', schema: CustomResource['spec']): string[] {
  const fields = fieldsOf(toStructuralSchema(schema)).filter(({ path }) => path !== '');
  if (fields.length === 0) return [];
  const unchecked = fields.filter(({ node }) => node[PRESERVED] === true).map(({ path }) => path);
  const lines = fields.filter(({ path }) => !/(\[\]|\{\})$/.test(path)).map((field) => lineOf(root, field));
  const notes = unchecked.map(
    (path) =>
      `The API server does not check the fields below \`${root}.${path}\`. The config daemon checks them before it writes.`,
  );
  return [`## ${title}`, lines.join('\n'), ...notes];
}

function lineOf(root: string, { path, node, isRequired }: Field): string {
  const limits = limitsOf(node);
  const facts = [typeOf(node), ...(isRequired ? ['required'] : []), ...limits].join(', ');
  // A reader of Markdown would take `<uuid>` for HTML.
  const description = typeof node['description'] === 'string' ? `: ${node['description'].replaceAll('<', '&lt;')}` : '';
  return `- \`${root}.${path}\` (${facts})${description}`;
}

function limitsOf(node: JsonSchema): string[] {
  const show = (value: unknown): string => `\`${JSON.stringify(value)}\``;
  return [
    ...(Array.isArray(node['enum']) ? [`one of ${node['enum'].map(show).join(' ')}`] : []),
    ...(['minimum', 'maximum', 'minLength', 'maxLength', 'maxItems', 'default'] as const)
      .filter((key) => node[key] !== undefined)
      .map((key) => `${key} ${show(node[key])}`),
    ...(typeof node['pattern'] === 'string' ? [`matches \`${node['pattern']}\``] : []),
  ];
}

function rulesSection(rules: readonly ValidationRule[]): string[] {
  if (rules.length === 0) return [];
  return [
    '## What the API server refuses even without the webhook',
    rules.map(({ message }) => `- ${message}`).join('\n'),
  ];
}

function columnsSection(columns: readonly PrinterColumn[]): string[] {
  if (columns.length === 0) return [];
  const lines = columns.map(({ name, jsonPath, description }) => {
    return `- ${name}: ${description ?? `\`${jsonPath}\``}`;
  });
  return ['## Columns of `kubectl get`', lines.join('\n')];
}
