// Checks that what is shipped has a licence that allows it: reads package-lock.json, so it needs no network. Packages
// that only development or one platform needs are not shipped.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const shipped = Object.entries(packages).filter(
  ([path, { dev, devOptional, optional, link }]) =>
    path.startsWith('node_modules/') && !dev && !devOptional && !optional && !link,
);

/** Whether one of the licences joined by OR is allowed, and all of those joined by AND. */
const isAllowed = (license) =>
  license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each)));

const refused = shipped.filter(([, { license }]) => license === undefined || !isAllowed(license));
for (const [path, { version, license = 'none' }] of refused) console.error(`${path} ${version}: licence ${license}`);
console.log(`${shipped.length} shipped packages, ${refused.length} without an allowed licence`);
process.exit(refused.length > 0 ? 1 : 0);
