import { describe, expect, it } from '@jest/globals';
import { type Handover } from '@sriov/plugin-handover';
import { MemoryFolder } from '../test/test-host.ts';
import { readHandover, writeHandover } from './handover-file.ts';

const CONFIG = { text: '{}', hash: 'a' };
const WITHDRAWN = [{ pf: '0000:01:00.0', vfs: [1], because: 'x' }];

/** The file after it says this and is to say that, and how often it was written. */
async function write(present: string | undefined, next: Handover): Promise<[string | undefined, number]> {
  const folder = new MemoryFolder();
  if (present !== undefined) folder.files.set('handover.json', present);
  let writes = 0;
  const counting = {
    read: (name: string) => folder.read(name),
    write: (name: string, content: string) => {
      writes += 1;
      return folder.write(name, content);
    },
  };
  const file = await writeHandover(counting, next, await readHandover(counting));
  expect(await readHandover(counting)).toEqual(file);
  return [folder.files.get('handover.json'), writes];
}

describe('the hand-over file', () => {
  it.each<[string, string | undefined, Handover, [string | undefined, number]]>([
    ['is not made to say nothing', undefined, { withdrawn: [] }, [undefined, 0]],
    [
      'is made to say something',
      undefined,
      { config: CONFIG, withdrawn: [] },
      ['{"config":{"text":"{}","hash":"a"},"withdrawn":[]}\n', 1],
    ],
    ['is not written to say the same', '{"withdrawn":[]}\n', { withdrawn: [] }, ['{"withdrawn":[]}\n', 0]],
    [
      'is written to say something else',
      '{"withdrawn":[]}\n',
      { withdrawn: WITHDRAWN },
      ['{"withdrawn":[{"pf":"0000:01:00.0","vfs":[1],"because":"x"}]}\n', 1],
    ],
    [
      'is written to take a configuration back',
      '{"config":{"text":"","hash":""},"withdrawn":[]}\n',
      { withdrawn: [] },
      ['{"withdrawn":[]}\n', 1],
    ],
    ['is written anew when it is damaged', '{"withdrawn"', { withdrawn: [] }, ['{"withdrawn":[]}\n', 1]],
    ['is written anew when it is something else', '[]', { withdrawn: [] }, ['{"withdrawn":[]}\n', 1]],
  ])('%s', async (_, present, next, expected) => expect(await write(present, next)).toEqual(expected));

  it('that cannot be read says nothing, and is written', async () => {
    const written: string[] = [];
    const folder = {
      read: () => Promise.reject(new Error('EIO')),
      write: (_: string, content: string) => Promise.resolve(void written.push(content)),
    };
    const file = await readHandover(folder);
    expect(file.handover).toEqual({ withdrawn: [] });
    await writeHandover(folder, { withdrawn: [] }, file);
    expect(written).toEqual(['{"withdrawn":[]}\n']);
  });
});
