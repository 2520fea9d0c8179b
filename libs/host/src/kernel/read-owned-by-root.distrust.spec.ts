import { describe, expect, it } from '@jest/globals';
import { findDistrust } from './read-owned-by-root.ts';

const FILE = 0o100_644;

describe('a file that root alone can have written', () => {
  it.each<[string, { uid?: number; mode?: number; nlink?: number }, string | undefined]>([
    ['is one of root', {}, undefined],
    ['is one that nobody else may read', { mode: 0o100_600 }, undefined],
    ['is none of another user', { uid: 1000 }, 'user 1000 owns it, not root'],
    ['is none that its group can write', { mode: 0o100_664 }, 'others than root can write it'],
    ['is none that all can write', { mode: 0o100_646 }, 'others than root can write it'],
    ['is no folder', { mode: 0o040_755 }, 'it is no regular file'],
    ['is no pipe', { mode: 0o010_644 }, 'it is no regular file'],
    ['is none with another name', { nlink: 2 }, 'it has other names'],
  ])('%s', (_, stats, problem) => {
    expect(findDistrust({ uid: 0, mode: FILE, nlink: 1, ...stats })).toBe(problem);
  });
});
