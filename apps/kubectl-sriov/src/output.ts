import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from 'js-yaml';

/** How a result is printed. */
export const OUTPUT_FORMATS = ['text', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** A result in the forms that it can be printed in. */
export interface Printable {
  /** For people. */
  readonly text: () => string;
  /** For programs: one value. */
  readonly value: unknown;
  /** The documents of the YAML form; without them it is the one value. */
  readonly documents?: readonly unknown[];
}

/** The result as text for standard output. */
export function formatResult(result: Printable, format: OutputFormat): string {
  switch (format) {
    case 'text':
      return result.text();
    case 'json':
      return `${JSON.stringify(result.value, undefined, 2)}\n`;
    case 'yaml':
      return (result.documents ?? [result.value]).map(toYaml).join('---\n');
  }
}

/** Long lines stay whole, and texts of several lines stand as they are. */
function toYaml(value: unknown): string {
  return dump(JSON.parse(JSON.stringify(value)), { lineWidth: -1, noRefs: true, scalarStyleRules: STYLE_RULES });
}

/**
 * kubectl reads `1_000` as a number, as in YAML 1.1. js-yaml quotes everything else that 1.1 and 1.2 read differently.
 */
const quoteUnderscoredNumber: ScalarStyleRule = (layout) => {
  const { node, style } = layout;
  if (style === SCALAR_STYLE.PLAIN && /^[-+]?[.\d][\w.:+-]*$/.test(node.value) && node.value.includes('_')) {
    layout.style = SCALAR_STYLE.SINGLE_QUOTED;
  }
};
const STYLE_RULES = [quoteUnderscoredNumber, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)];
