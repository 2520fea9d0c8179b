import { describe, expect, it } from '@jest/globals';
import { OwnVersions } from './own-versions.ts';

describe('versions that only our own writes lie between', () => {
  it('lead to the newest, from before the object was made', () => {
    const versions = new OwnVersions();
    versions.note(undefined, '5');
    versions.note('5', '9');
    expect([undefined, '5', '9', '7'].map((from) => versions.newestFrom(from))).toEqual(['9', '9', '9', '7']);
  });

  it('start again when somebody else has written in between', () => {
    const versions = new OwnVersions();
    versions.note('1', '2');
    versions.note('3', '4');
    expect(['1', '2', '3'].map((from) => versions.newestFrom(from))).toEqual(['1', '2', '4']);
  });

  it('are not kept for ever', () => {
    const versions = new OwnVersions();
    for (let version = 0; version < 1_001; version += 1) versions.note(String(version), String(version + 1));
    expect(['0', '1'].map((from) => versions.newestFrom(from))).toEqual(['0', '1001']);
  });
});
