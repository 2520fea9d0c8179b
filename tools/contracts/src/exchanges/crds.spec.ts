import { describe, expect, it } from '@jest/globals';
import { crds } from './crds.ts';

const PLURAL = 'sriovnetworkpoolconfigs';
/** What this version makes of a CRD of the past, whose spec had these properties. */
const understood = async (properties: object): Promise<unknown> => {
  const document = { plural: PLURAL, schemas: { spec: { type: 'object', properties } } };
  return crds.understand(document);
};
const of = (field: string): string => `${PLURAL}.spec.${field}`;

describe('of a field of an older CRD', () => {
  it.each<[string, object, object]>([
    ['the same is taken', { rdmaMode: { type: 'string', enum: ['shared'] } }, { type: 'string', refused: [] }],
    ['it is told that its type has changed', { rdmaMode: { type: 'integer', enum: ['shared'] } }, { type: 'string' }],
    ['it is told which value is refused', { rdmaMode: { enum: ['shared', 'both'] } }, { refused: ['both'] }],
    [
      'it is told that it can no longer be just any',
      { rdmaMode: { type: 'string' } },
      { refused: ['any other value'] },
    ],
  ])('%s', async (_, properties, expected) => {
    expect(await understood(properties)).toMatchObject({ [of('rdmaMode')]: expected });
  });

  it('it is told that it is gone', async () => {
    expect(await understood({ former: { type: 'string' } })).toMatchObject({ [of('former')]: { isGone: true } });
  });

  it('it is told what is demanded now', async () => {
    const items = { type: 'object', properties: { key: { type: 'string' } } };
    const nodeSelector = { type: 'object', properties: { matchExpressions: { type: 'array', items } } };
    expect(await understood({ nodeSelector })).toMatchObject({
      [of('nodeSelector.matchExpressions[]')]: { demanded: ['key', 'operator'] },
    });
  });
});
