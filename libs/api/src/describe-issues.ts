import { z } from 'zod';
import { unwrapSchema } from './unwrap-schema.ts';

/** What is described, and how much of it. */
export interface IssueContext {
  /** The schema that found the issues. Messages give limits as a range, and an issue knows only one end of it. */
  readonly schema: z.ZodType;
  /** The beginning of each path, such as `spec`. */
  readonly root?: string;
}

/** Most problems that are named: a list of a thousand wrong entries is understood after the first few. */
const MOST_ISSUES = 20;

/**
 * What is wrong with a value, for the person who wrote it: each field with its value, what it can be, and the cure.
 * Issues are those of a parse with `reportInput`.
 */
export function describeIssues(issues: readonly z.core.$ZodIssue[], context: IssueContext): string {
  const named = issues.slice(0, MOST_ISSUES).map((issue) => describeIssue(issue, context));
  const more = issues.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function describeIssue(issue: z.core.$ZodIssue, { schema, root }: IssueContext): string {
  const { path, input } = issue;
  const field = [...(root === undefined ? [] : [root]), ...path].join('.') || 'the object';
  if (input === undefined || input === null) return `${field} is required`;
  return `${field}${excerpt(input)}: ${wantedOf(issue, schema)}`;
}

function wantedOf(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  switch (issue.code) {
    case 'invalid_type':
      return wantedType(expectedType(issue, schema), issue.input);
    case 'invalid_value':
      return wantedValue(issue.values, issue.input);
    case 'too_big':
    case 'too_small':
      return wantedRange(issue, schema);
    default:
      return issue.message.replace('Invalid input: ', '');
  }
}

const TYPE_NAMES = new Map<string, string>([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object with fields'],
  ['record', 'an object with fields'],
]);

/** Zod says `number` also where it expected an integer. */
function expectedType({ expected, path }: z.core.$ZodIssueInvalidType, schema: z.ZodType): string {
  const field = fieldAt(schema, path);
  return field instanceof z.ZodNumber && field.format === 'safeint' ? 'int' : expected;
}

function wantedType(expected: string, input: unknown): string {
  return `must be ${TYPE_NAMES.get(expected) ?? expected}${cureOfType(expected, input)}`;
}

function cureOfType(expected: string, input: unknown): string {
  if (expected === 'string') return typeof input === 'object' ? ': put JSON in quotes' : quoteIt(input);
  if (typeof input !== 'string') return '';
  if (expected === 'array') return `, such as [${JSON.stringify(input)}]`;
  return UNQUOTED.get(expected)?.test(input) ? ': write it without quotes' : '';
}

/** Texts that would be right without their quotes, by what is expected. */
const UNQUOTED = new Map([
  ['number', /^-?\d+(\.\d+)?$/],
  ['int', /^-?\d+$/],
  ['boolean', /^(true|false)$/],
]);

function wantedValue(values: readonly z.core.util.Primitive[], input: unknown): string {
  const list = values.map((value) => JSON.stringify(value)).join(', ');
  const wanted = `must be ${values.length > 1 ? 'one of ' : ''}${list}`;
  const meant = typeof input === 'string' && values.find((value) => String(value) === input.trim().toLowerCase());
  return `${wanted}${typeof meant === 'string' ? `: write ${JSON.stringify(meant)}` : quoteIt(input)}`;
}

/** YAML reads `on`, `8086` or `10e1` as a boolean or a number, and the original text cannot be recovered. */
function quoteIt(input: unknown): string {
  if (typeof input !== 'number' && typeof input !== 'boolean') return '';
  return `; YAML read a ${typeof input}: put what you wrote in quotes`;
}

type RangeIssue = z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall;

function wantedRange(issue: RangeIssue, schema: z.ZodType): string {
  const { origin } = issue;
  if (origin === 'string' || origin === 'array') {
    const unit = origin === 'string' ? 'characters' : 'entries';
    return issue.code === 'too_big'
      ? `must have at most ${issue.maximum} ${unit}`
      : `must have at least ${issue.minimum} ${unit}`;
  }
  const { minimum, maximum } = rangeOf(fieldAt(schema, issue.path));
  if (minimum !== undefined && maximum !== undefined) return `must be ${minimum} to ${maximum}`;
  return issue.code === 'too_big' ? `must be at most ${issue.maximum}` : `must be at least ${issue.minimum}`;
}

interface Range {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** The bounds that were written; those of every integer that a double can hold are none. */
function rangeOf(field: z.ZodType | undefined): Range {
  const isBound = (bound: number | null): bound is number =>
    bound !== null && Number.isFinite(bound) && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (!(field instanceof z.ZodNumber)) return { minimum: undefined, maximum: undefined };
  const { minValue, maxValue } = field;
  return { minimum: isBound(minValue) ? minValue : undefined, maximum: isBound(maxValue) ? maxValue : undefined };
}

function fieldAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  const inner = unwrapSchema(schema);
  const [key, ...rest] = path;
  if (key === undefined) return inner;
  if (inner instanceof z.ZodObject) {
    const field = Object.hasOwn(inner.shape, key) ? (inner.shape[String(key)] as z.ZodType) : undefined;
    return field && fieldAt(field, rest);
  }
  return inner instanceof z.ZodArray ? fieldAt(inner.element as z.ZodType, rest) : undefined;
}

const MOST_CHARACTERS = 60;

/**
 * A value, shortened so that it fits in a sentence. A list or an object is left out, because the message names its
 * type.
 */
function excerpt(value: unknown): string {
  if (typeof value === 'object') return '';
  // Only the beginning of a long text is quoted, so only that is read.
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MOST_CHARACTERS) : value);
  return ` ${text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text}`;
}
