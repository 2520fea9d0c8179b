import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REASON } from './reasons.ts';

describe('the reasons', () => {
  it('all stand in the troubleshooting guide, and no others', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../docs/troubleshooting.md'), 'utf8');
    const documented = [...guide.matchAll(/^\| `([A-Za-z]+)` /gm)].map(([, reason]) => reason);
    expect(documented.toSorted()).toEqual(Object.values(REASON).toSorted());
  });
});
