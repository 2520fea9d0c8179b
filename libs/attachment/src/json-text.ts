/**
 * JSON as it was written: reading and printing keep the order of members, the text of numbers, escapes and duplicate
 * members, which `JSON.parse` would lose. What users write into a network CR reaches the CNI plugin unchanged.
 */
export type JsonNode =
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  /** A string, number, `true`, `false` or `null`, as its own text. */
  | { readonly kind: 'scalar'; readonly text: string };

/** A member of an object; `key` is JSON text, with its quotes. */
export interface JsonMember {
  readonly key: string;
  readonly value: JsonNode;
}

/** JSON for a string. */
export const text = (value: string): JsonNode => ({ kind: 'scalar', text: JSON.stringify(value) });
/** JSON for a number. */
export const number = (value: number): JsonNode => ({ kind: 'scalar', text: String(value) });
/** JSON for an array. */
export const array = (items: readonly JsonNode[]): JsonNode => ({ kind: 'array', items });
/** JSON for an object. Members that are `undefined` are left out. */
export const object = (members: Readonly<Record<string, JsonNode | undefined>>): JsonNode => ({
  kind: 'object',
  members: Object.entries(members).flatMap(([key, value]) => (value ? [{ key: JSON.stringify(key), value }] : [])),
});

/**
 * Prints with four spaces per level and no final line feed; empty objects and arrays stay `{}` and `[]`. What would be
 * longer than `most` characters is printed without blanks: the depth of what a user wrote must not multiply its
 * length. Nothing when that is longer as well.
 */
export function printWithin(node: JsonNode, most: number): string | undefined {
  if (indentedLength(node, 0) <= most) return printJson(node);
  const dense = print(node, DENSE, '');
  return dense.length <= most ? dense : undefined;
}

/** {@link printWithin} without a bound. */
export function printJson(node: JsonNode): string {
  return print(node, INDENTED, '');
}

interface Layout {
  readonly level: string;
  readonly lineFeed: string;
  readonly colon: string;
}
const INDENTED: Layout = { level: '    ', lineFeed: '\n', colon: ': ' };
const DENSE: Layout = { level: '', lineFeed: '', colon: ':' };

function print(node: JsonNode, layout: Layout, indent: string): string {
  const inner = indent + layout.level;
  switch (node.kind) {
    case 'scalar':
      return node.text;
    case 'array':
      return bracket(
        '[]',
        { layout, indent },
        node.items.map((item) => `${inner}${print(item, layout, inner)}`),
      );
    case 'object':
      return bracket(
        '{}',
        { layout, indent },
        node.members.map(({ key, value }) => `${inner}${key}${layout.colon}${print(value, layout, inner)}`),
      );
  }
}

function bracket(
  pair: '[]' | '{}',
  { layout: { lineFeed }, indent }: { readonly layout: Layout; readonly indent: string },
  lines: readonly string[],
): string {
  if (lines.length === 0) return pair;
  return `${pair.charAt(0)}${lineFeed}${lines.join(`,${lineFeed}`)}${lineFeed}${indent}${pair.charAt(1)}`;
}

/** Characters that {@link printJson} would make of the node at a depth, counted without making them. */
function indentedLength(node: JsonNode, depth: number): number {
  if (node.kind === 'scalar') return node.text.length;
  const lengths =
    node.kind === 'array'
      ? node.items.map((item) => indentedLength(item, depth + 1))
      : node.members.map(({ key, value }) => key.length + 2 + indentedLength(value, depth + 1));
  if (lengths.length === 0) return 2;
  // One line for each, with its blanks and a comma; after the last one, the line feed before the bracket.
  const line = INDENTED.level.length * (depth + 1) + 2;
  return lengths.reduce((sum, length) => sum + length + line, 0) + INDENTED.level.length * depth + 2;
}
