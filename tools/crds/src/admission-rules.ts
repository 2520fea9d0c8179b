import { REGISTRATIONS } from '@sriov/api';
import { stringify } from 'yaml';

/**
 * What the API server is to ask the webhook about, by kind of registration, as the file in the chart. The chart reads it
 * where it registers the webhook with its rules, and where it says which rules the webhook may set.
 */
export function admissionRulesFile(): string {
  const rules = Object.fromEntries(REGISTRATIONS.map(({ kind, wanted }) => [kind, wanted]));
  const yaml = stringify(rules, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  return `# Generated from libs/api by "npm run generate". Do not edit.\n${yaml}`;
}
