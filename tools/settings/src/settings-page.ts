import { type SettingDescription, type SettingsDefinition, settingsOf } from '@sriov/runtime';
import { z } from 'zod';

/** The page that lists every setting of every service, in Markdown: what `--help` tells, and which values are taken. */
export function settingsPage(services: readonly SettingsDefinition<z.ZodObject>[]): string {
  return [
    '<!-- Generated from the settings of the services by "npm run generate". Do not edit. -->',
    '# Settings of the services',
    [
      'Each service takes a setting as a flag or as an environment variable; the flag wins.',
      'An empty variable counts as absent.',
      'A switch needs no value: `--dry-run` switches on, `--no-dry-run` off, and the variable is `true` or `false`.',
      'Lists are separated by commas.',
      'A wrong setting ends the service with exit code 2 and a message that names every wrong one.',
      '`--help` lists the settings, and `--version` tells the version.',
    ].join(' '),
    [
      'The Helm chart sets what its [values](../charts/sriov-network-operator/README.md#values) name.',
      'Its value `operator.extraEnv` gives further variables to the Deployments, and `sriovOperatorConfig.configDaemonEnvVars` to the config daemon.',
    ].join(' '),
    ...services.flatMap(sectionOf),
  ]
    .join('\n\n')
    .concat('\n');
}

function sectionOf({ program, summary, schema }: SettingsDefinition<z.ZodObject>): string[] {
  return [`## ${program}`, `It ${summary}.`, settingsOf(schema).map(lineOf).join('\n')];
}

function lineOf(setting: SettingDescription): string {
  const { flag, env, description, isRequired, fallback } = setting;
  const facts = [
    valuesOf(setting),
    ...(isRequired ? ['required'] : []),
    ...(fallback === undefined ? [] : [`default \`${fallback}\``]),
  ];
  return `- \`${flag}\`, \`${env}\` (${facts.join(', ')}): ${description}.`;
}

/** What values may be, in words. */
function valuesOf({ values, isSwitch }: SettingDescription): string {
  if (isSwitch) return 'switch';
  if (values instanceof z.ZodEnum) return `one of ${values.options.map((option) => `\`${option}\``).join(' ')}`;
  if (values instanceof z.ZodArray) return 'list';
  return values instanceof z.ZodNumber ? numbersOf(values) : 'text';
}

/** zod bounds every integer by what a double can hold, which is no bound for people. */
function numbersOf(values: z.ZodNumber): string {
  const { type, minimum, maximum, exclusiveMinimum } = z.toJSONSchema(values);
  return [
    type === 'integer' ? 'integer' : 'number',
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? [] : [`from ${minimum}`]),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`up to ${maximum}`]),
  ].join(' ');
}
