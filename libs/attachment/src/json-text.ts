/**
 * JSON as it was written: member order, the text of numbers, escapes and duplicate members survive reading and
 * printing, which `JSON.parse` would not let them. What users write into a network CR reaches the CNI plugin as is.
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

/** A string of ours as JSON. */
export const text = (value: string): JsonNode => ({ kind: 'scalar', text: JSON.stringify(value) });
/** A number of ours as JSON. */
export const number = (value: number): JsonNode => ({ kind: 'scalar', text: String(value) });
/** An array of ours as JSON. */
export const array = (items: readonly JsonNode[]): JsonNode => ({ kind: 'array', items });
/** An object of ours as JSON; members that are `undefined` are left out. */
export const object = (members: Readonly<Record<string, JsonNode | undefined>>): JsonNode => ({
  kind: 'object',
  members: Object.entries(members).flatMap(([key, value]) => (value ? [{ key: JSON.stringify(key), value }] : [])),
});

/** Prints with four spaces a level and no final line feed; empty objects and arrays stay `{}` and `[]`. */
export function printJson(node: JsonNode, indent = ''): string {
  const inner = `${indent}    `;
  switch (node.kind) {
    case 'scalar':
      return node.text;
    case 'array':
      return bracket(
        '[]',
        indent,
        node.items.map((item) => `${inner}${printJson(item, inner)}`),
      );
    case 'object':
      return bracket(
        '{}',
        indent,
        node.members.map(({ key, value }) => `${inner}${key}: ${printJson(value, inner)}`),
      );
  }
}

function bracket(pair: '[]' | '{}', indent: string, lines: readonly string[]): string {
  return lines.length === 0 ? pair : `${pair.charAt(0)}\n${lines.join(',\n')}\n${indent}${pair.charAt(1)}`;
}
