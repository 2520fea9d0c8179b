import assert from 'node:assert/strict';
import { type ContractCase } from './lab.ts';

/** A socket that no program makes. */
const NOBODY = '/run/sriov-contract/nobody.sock';

/** What services of the host are asked through. */
export const socketCases: readonly ContractCase[] = [
  {
    name: 'a call of JSON-RPC to a socket that nobody has made is refused as a file that is not there',
    run: async ({ kernel }) => {
      const method = { socket: NOBODY, method: 'list_dbs' };
      await assert.rejects(kernel.callJson(method, []), { code: 'ENOENT', path: `${NOBODY} list_dbs` });
    },
  },
];
