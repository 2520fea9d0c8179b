import { request as httpsRequest } from 'node:https';
import { describe, expect, it } from '@jest/globals';
import { readJson, testControlPlane } from '@sriov/testing';
import { z } from 'zod';
import { NODE, useDaemon, statePath, startDaemon, setSpec, untilSynced } from '../test/test-daemon.ts';

useDaemon();

const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string() })),
  rows: z.array(z.object({ cells: z.array(z.unknown()) })),
});
type Table = z.output<typeof tableSchema>;
/** What kubectl asks for. */
const getTable = (): Promise<Table> =>
  new Promise((resolve, reject) => {
    const { server, ca, admin } = testControlPlane().access;
    const { certificate: cert, privateKey: key } = admin;
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    httpsRequest(new URL(statePath(''), server), { ca, cert, key, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(readJson(tableSchema, text)));
    })
      .once('error', reject)
      .end();
  });

describe('the config daemon', () => {
  it('shows in kubectl how the node is, and which PF failed', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    const { columnDefinitions, rows } = await getTable();
    expect(columnDefinitions.map(({ name }) => name)).toEqual([
      'Name',
      'Sync Status',
      'Desired Sync State',
      'Current Sync State',
      'Age',
      'PFs',
      'VFs',
      'Reason',
      'Failed PF',
      'Failure',
    ]);
    expect(rows[0]?.cells.slice(0, 2)).toEqual([NODE, 'Succeeded']);
    expect(rows[0]?.cells.slice(5)).toEqual([2, 0, 'InSync', null, null]);

    await setSpec({ interfaces: [{ pciAddress: '0000:09:00.0', name: 'ens9', numVfs: 1 }] });
    await untilSynced('Failed');
    const message = 'ens9 (0000:09:00.0): the node has no such network device';
    expect((await getTable()).rows[0]?.cells.slice(7)).toEqual(['InterfaceNotFound', '0000:09:00.0', message]);
  });
});
