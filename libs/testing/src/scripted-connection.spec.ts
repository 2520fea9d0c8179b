import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { refusal, ScriptedConnection } from './scripted-connection.ts';

const read = async (connection: ScriptedConnection, method: string, path: string, body?: object): Promise<unknown> => {
  const response = await connection.send({ method, path, ...(body && { body: JSON.stringify(body) }) });
  return [response.statusCode, JSON.parse(await text(response))];
};

describe('ScriptedConnection', () => {
  it('lets writes succeed, each with a newer version, and finds nothing', async () => {
    const connection = new ScriptedConnection();
    const created = { metadata: { name: 'a', resourceVersion: '1001' }, spec: 1 };
    expect(await read(connection, 'POST', '/things?x=y', { metadata: { name: 'a' }, spec: 1 })).toEqual([200, created]);
    const patched = { metadata: { name: 'a', resourceVersion: '1002' } };
    expect(await read(connection, 'PATCH', '/things/a/status', {})).toEqual([200, patched]);
    expect(await read(connection, 'GET', '/things/a')).toMatchObject([404, { kind: 'Status' }]);
    expect(connection.writes).toEqual([
      { method: 'POST', path: '/things', query: { x: 'y' }, body: { metadata: { name: 'a' }, spec: 1 } },
      { method: 'PATCH', path: '/things/a/status', query: {}, body: {} },
    ]);
  });

  it('answers as its script says, and sends nothing that the check forbids', async () => {
    const connection = new ScriptedConnection();
    connection.script = ({ path }) => (path === '/no' ? refusal(409, 'taken') : undefined);
    expect(await read(connection, 'PATCH', '/no', {})).toMatchObject([409, { message: 'taken' }]);
    expect(await read(connection, 'PATCH', '/yes', {})).toMatchObject([200, {}]);
    const check = (): void => {
      throw new Error('forbidden');
    };
    expect(() => connection.send({ method: 'PATCH', path: '/yes', check })).toThrow('forbidden');
    connection.close();
    expect(await read(connection, 'PATCH', '/yes', {})).toMatchObject([503, {}]);
    expect(connection.sent).toHaveLength(3);
  });
});
