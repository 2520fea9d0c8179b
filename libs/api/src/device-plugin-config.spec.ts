import { describe, expect, it } from '@jest/globals';
import { fitsConfigAnnotation, readDevicePluginConfig } from './device-plugin-config.ts';
import { ANNOTATION } from './names.ts';

const hash = (text: string): string => `#${text}`;
const read = (text?: string, told?: string): unknown => {
  const annotations = {
    ...(text !== undefined && { [ANNOTATION.devicePluginConfig]: text }),
    ...(told !== undefined && { [ANNOTATION.devicePluginConfigHash]: told }),
  };
  return readDevicePluginConfig({ metadata: { name: 'n1', annotations } }, hash);
};

describe('the configuration on a node state', () => {
  it.each<[string, string | undefined, string | undefined, unknown]>([
    ['is read with its hash', 'a', '#a', { text: 'a', hash: '#a' }],
    ['may be empty', '', '#', { text: '', hash: '#' }],
    ['is unknown where only its hash is there', undefined, '#a', undefined],
    ['is unknown without its hash', 'a', undefined, undefined],
    ['is unknown where the hash is that of another one', 'a', '#b', undefined],
  ])('%s', (_, text, told, expected) => expect(read(text, told)).toEqual(expected));

  it('is unknown without annotations', () => {
    expect(readDevicePluginConfig({ metadata: { name: 'n1' } }, hash)).toBeUndefined();
  });

  it('fits as long as it has no more than 128 KiB', () => {
    expect([fitsConfigAnnotation('x'.repeat(131_072)), fitsConfigAnnotation('x'.repeat(131_073))]).toEqual([
      true,
      false,
    ]);
  });
});
