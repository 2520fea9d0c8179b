import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readDynamicNeeds } from './elf.ts';

describe('what an ELF file needs', () => {
  it('is the loader and the libraries, for a program', () => {
    const needs = readDynamicNeeds(readFileSync(process.execPath));
    expect(needs?.interpreter).toMatch(/^\/lib.*\/ld-linux/);
    expect(needs?.libraries).toEqual(expect.arrayContaining(['libc.so.6', 'libstdc++.so.6']));
  });

  it.each([
    ['a script', '#!/bin/sh\n'.padEnd(100)],
    ['an empty file', ''],
    ['a program of 32 bits', '\x7fELF\x01\x01'.padEnd(100)],
  ])('is not told for %s', (_, text) => {
    expect(readDynamicNeeds(Buffer.from(text, 'latin1'))).toBeUndefined();
  });
});
