import { parseArgs } from 'node:util';
import { OPERATOR_VERSION } from '@sriov/api';
import { z } from 'zod';
import { ServiceError } from './service-error.ts';

/** The settings of a program: one object schema, each field documented with `.describe`. */
export interface SettingsDefinition<S extends z.ZodObject> {
  readonly program: string;
  /** One sentence for `--help`. */
  readonly summary: string;
  readonly schema: S;
}

/** Where settings come from. */
export interface SettingsSource {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the settings: a flag `--kebab-case` wins over an environment variable `UPPER_SNAKE`, that over the default.
 * Lists are separated by commas. An empty environment variable counts as absent.
 * @returns the settings, or a text when `--help` or `--version` is among the arguments.
 * @throws {ServiceError} `SETTINGS_INVALID` (exit code 2) that lists every problem.
 */
export function readSettings<S extends z.ZodObject>(
  definition: SettingsDefinition<S>,
  source: SettingsSource,
): { settings: z.output<S> } | { text: string } {
  const { flags, problems: flagProblems } = readFlags(definition, source.argv);
  const text = answerTo(flags, definition);
  if (text !== undefined) return { text };
  const problems = [...flagProblems];
  const raw: Record<string, unknown> = {};
  for (const [name, field] of fieldsOf(definition.schema)) {
    const given = flags[flagOf(name)] ?? (source.env[envOf(name)] || undefined);
    if (given === undefined) continue;
    const value = coerce(field, given);
    if (value === undefined) problems.push(`${describeSource(name)}: "${String(given)}" is not ${expected(field)}`);
    else raw[name] = value;
  }
  const parsed = definition.schema.safeParse(raw);
  if (!parsed.success) problems.push(...schemaProblems(parsed.error, problems, raw));
  if (!parsed.success || problems.length > 0) throw invalid(definition.program, problems);
  return { settings: parsed.data };
}

/** `numVfs` → `num-vfs`. */
const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** `numVfs` → `NUM_VFS`. */
const envOf = (name: string): string => flagOf(name).replaceAll('-', '_').toUpperCase();

const describeSource = (name: string): string => `--${flagOf(name)} (or ${envOf(name)})`;

function fieldsOf(schema: z.ZodObject): [string, z.ZodType][] {
  return Object.entries(schema.shape) as [string, z.ZodType][];
}

function unwrap(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault ? unwrap(field.unwrap() as z.ZodType) : field;
}

interface Flags {
  readonly flags: Record<string, string | boolean>;
  readonly problems: readonly string[];
}

function readFlags(definition: SettingsDefinition<z.ZodObject>, argv: readonly string[]): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const [name, field] of fieldsOf(definition.schema)) {
    options[flagOf(name)] = { type: unwrap(field) instanceof z.ZodBoolean ? 'boolean' : 'string' };
  }
  // Not its strict mode, which ends at the first problem.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const flags: Flags['flags'] = {};
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}": only flags are taken`);
    if (token.kind !== 'option') continue;
    const flag = readFlag(options, token);
    if ('problem' in flag) problems.push(`${token.rawName}: ${flag.problem}`);
    else flags[flag.name] = flag.value;
  }
  return { flags, problems };
}

type Flag = { readonly name: string; readonly value: string | boolean } | { readonly problem: string };

function readFlag(
  options: Readonly<Record<string, { type: 'string' | 'boolean' }>>,
  { name, value, inlineValue }: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
): Flag {
  const type = options[name]?.type;
  if (type === 'string') {
    if (value === undefined || (inlineValue !== true && value.startsWith('--'))) return { problem: 'needs a value' };
    return { name, value };
  }
  const switched = name.replace(/^no-/, '');
  if (options[switched]?.type !== 'boolean') return { problem: 'there is no such setting' };
  return value === undefined ? { name: switched, value: name === switched } : { problem: 'takes no value' };
}

function coerce(field: z.ZodType, given: unknown): unknown {
  const inner = unwrap(field);
  if (typeof given !== 'string') return given;
  if (inner instanceof z.ZodBoolean) return { true: true, false: false }[given.toLowerCase()];
  if (inner instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(given) ? Number(given) : undefined;
  if (inner instanceof z.ZodArray) return given.split(',').map((item) => item.trim());
  return given;
}

function expected(field: z.ZodType): string {
  return unwrap(field) instanceof z.ZodBoolean ? 'true or false' : 'a number';
}

/** Problems of fields that were not already reported as unreadable. */
function schemaProblems(error: z.ZodError, known: readonly string[], raw: Record<string, unknown>): string[] {
  return error.issues
    .map((issue) => {
      if (issue.path.length === 0) return issue.message;
      const name = String(issue.path[0]);
      if (name in raw) return `${describeSource(name)}: ${issue.message} (given: ${JSON.stringify(raw[name])})`;
      return `${describeSource(name)}: ${issue.code === 'invalid_type' ? 'is required' : issue.message}`;
    })
    .filter((problem) => !known.some((text) => text.split(':')[0] === problem.split(':')[0]));
}

function invalid(program: string, problems: readonly string[]): ServiceError {
  const list = problems.map((problem) => `  ${problem}`).join('\n');
  return new ServiceError(
    'SETTINGS_INVALID',
    `${program}: wrong settings:\n${list}\n${program} --help lists all settings.`,
    { exitCode: 2 },
  );
}

/** What is printed instead of running. */
function answerTo(flags: Flags['flags'], definition: SettingsDefinition<z.ZodObject>): string | undefined {
  if (flags['help'] === true) return helpText(definition);
  return flags['version'] === true ? versionText(definition) : undefined;
}

/** The Node.js is named too: in an image it is that of the base image, which whoever builds the image chooses. */
function versionText({ program }: SettingsDefinition<z.ZodObject>): string {
  return `${program} ${OPERATOR_VERSION}, Node.js ${process.version}\n`;
}

function helpText(definition: SettingsDefinition<z.ZodObject>): string {
  const rows = settingsOf(definition.schema).map((setting) => ({
    ...setting,
    flag: `${setting.flag}${setting.isSwitch ? '' : ' VALUE'}`,
    text: `${setting.description}${defaultText(setting)}`,
  }));
  const width = (pick: (row: (typeof rows)[number]) => string): number =>
    Math.max(...rows.map((row) => pick(row).length));
  const flagWidth = width((row) => row.flag);
  const envWidth = width((row) => row.env);
  const lines = rows.map((row) => `  ${row.flag.padEnd(flagWidth)}  ${row.env.padEnd(envWidth)}  ${row.text}`);
  return [
    `${definition.program}: ${definition.summary}`,
    '',
    'Settings, as a flag or an environment variable; the flag wins:',
    ...lines,
    `  ${'--help'.padEnd(flagWidth)}`,
    `  ${'--version'.padEnd(flagWidth)}`,
    '',
  ].join('\n');
}

/** A setting, as people are told of it. */
export interface SettingDescription {
  /** `--node-name`. */
  readonly flag: string;
  /** `NODE_NAME`. */
  readonly env: string;
  readonly description: string;
  /** The flag takes no value, and `--no-...` switches it off. */
  readonly isSwitch: boolean;
  readonly isRequired: boolean;
  /** What counts when nothing is given, as JSON; absent when nothing does. */
  readonly fallback?: string;
  /** What values may be, without default. */
  readonly values: z.ZodType;
}

/** The settings of a program, in the order of its schema. */
export function settingsOf(schema: z.ZodObject): SettingDescription[] {
  return fieldsOf(schema).map(([name, field]) => {
    const values = unwrap(field);
    const fallback = field.safeParse(undefined);
    return {
      flag: `--${flagOf(name)}`,
      env: envOf(name),
      description: field.description ?? values.description ?? '',
      isSwitch: values instanceof z.ZodBoolean,
      isRequired: !fallback.success,
      ...(fallback.data !== undefined && { fallback: JSON.stringify(fallback.data) }),
      values,
    };
  });
}

function defaultText({ isRequired, fallback }: SettingDescription): string {
  if (isRequired) return ' (required)';
  return fallback === undefined ? '' : ` (default ${fallback})`;
}
