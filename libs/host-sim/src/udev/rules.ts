/** One word of a rule, such as `ATTRS{device}=="0x10ca"`. */
export interface RuleWord {
  readonly key: string;
  /** What stands in braces behind the key; empty where nothing does. */
  readonly attribute: string;
  readonly operator: string;
  readonly value: string;
}

/** A line of a rules file. */
export type Rule = readonly RuleWord[];

/** Reads the text of a rules file as udev(7) describes it: a rule per line, its words between commas. */
export function parseRules(text: string): Rule[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return lines.map((line) =>
    [...line.matchAll(WORD)].map(([, key = '', attribute = '', operator = '', value = '']) => ({
      key,
      attribute,
      operator,
      value,
    })),
  );
}

const WORD = /([A-Z]+)(?:\{([^}]*)\})?\s*(==|!=|\+=|-=|:=|=)\s*"([^"]*)"/g;

/** Whether a text fits a pattern of udev(7): `*`, `?`, and `|` between alternatives. */
export function fitsPattern(pattern: string, text: string): boolean {
  return pattern.split('|').some((each) => {
    const parts = each.split('').map((char) => (char === '*' ? '.*' : char === '?' ? '.' : escaped(char)));
    return new RegExp(`^${parts.join('')}$`, 's').test(text);
  });
}

const escaped = (char: string): string => char.replace(/[.+^${}()|[\]\\]/, '\\$&');
