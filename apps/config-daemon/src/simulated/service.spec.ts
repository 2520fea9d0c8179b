import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WORLD, folder, useDaemon, writeWorld, startDaemon, takeDaemon } from '../test/test-daemon.ts';

useDaemon();

describe('a world file that cannot be used', () => {
  it('ends the daemon with what is wrong in it', async () => {
    writeWorld({ ...WORLD, nics: [{ ...WORLD.nics[0], mac: 'none' }] });
    startDaemon();
    await expect(takeDaemon()).rejects.toMatchObject({
      exitCode: 2,
      message: `world ${join(folder, 'world.yaml')}: nics.0.mac: must be a MAC address such as 52:54:00:aa:00:10`,
    });
  });
});
