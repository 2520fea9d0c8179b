import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { VERSIONS } from './versions.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

describe('docs/versions.md', () => {
  it('names the versions that the tests run with', () => {
    const page = read('docs/versions.md');
    const runtime = read('tools/node/go/runtime/go.mod');
    const [, containerd] = /containerd\/v2 v([\d.]+)$/m.exec(runtime) ?? [];
    const [, runc] = /opencontainers\/runc v([\d.]+)$/m.exec(runtime) ?? [];
    expect(page).toContain(`| ${VERSIONS.kubernetes}, with etcd ${VERSIONS.etcd} `);
    expect(page).toContain(`| ${VERSIONS.kubernetes}, with containerd ${containerd} and runc ${runc} `);
  });
});
