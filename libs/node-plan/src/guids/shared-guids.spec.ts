import { describe, expect, it } from '@jest/globals';
import { PF, testPf, testVf } from '../test/test-host.ts';
import { sharedGuids } from './shared-guids.ts';

const [ONE, TWO, ZEROS] = ['02:00:00:00:00:00:00:01', '02:00:00:00:00:00:00:02', '00:00:00:00:00:00:00:00'];
const vf = (id: number, node: string, port = node): ReturnType<typeof testVf> => testVf(id, { guids: { node, port } });

describe('GUIDs of a host', () => {
  it('that several VFs have are named with the VFs', () => {
    const other = { ...testPf([vf(3, TWO, ONE)]), pciAddress: '0000:02:00.0' };
    expect(sharedGuids([testPf([vf(0, ONE), vf(1, TWO, TWO)]), other])).toEqual([
      expect.stringContaining(`the GUID ${ONE} belongs to VF 0 of ens1 (${PF}), VF 3 of ens1 (0000:02:00.0)`),
      expect.stringContaining(`the GUID ${TWO} belongs to VF 1 of`),
    ]);
  });

  it('are nothing to speak of where each is there once, or none was set', () => {
    expect(sharedGuids([testPf([vf(0, ONE), vf(1, TWO), vf(2, ZEROS), vf(3, ZEROS), testVf(4)])])).toEqual([]);
  });
});
