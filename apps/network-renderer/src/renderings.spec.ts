import { describe, expect, it } from '@jest/globals';
import { type Network } from '@sriov/attachment';
import { Renderings } from './renderings.ts';

const settings = { operatorNamespace: 'operator', resourcePrefix: 'p' };
const network = (uid: string | undefined, generation = 1): Network => ({
  kind: 'SriovNetwork',
  metadata: { name: 'a', namespace: 'team', ...(uid !== undefined && { uid }), generation },
  spec: { resourceName: 'r', logLevel: 'info' },
});

describe('renderings', () => {
  it('are made once for a generation of a network, and again for the next one or for another network', () => {
    const renderings = new Renderings();
    const first = renderings.render(network('u1'), settings);
    expect(renderings.render(network('u1'), settings)).toBe(first);
    expect(renderings.render(network('u1', 2), settings)).not.toBe(first);
    expect(renderings.render(network('u2'), settings)).not.toBe(first);
  });

  it('are not kept of what cannot be told from another', () => {
    const renderings = new Renderings();
    expect(renderings.render(network(undefined), settings)).not.toBe(renderings.render(network(undefined), settings));
  });

  it('are kept of the networks that were looked at last', () => {
    const renderings = new Renderings();
    const [used, unused] = [
      renderings.render(network('used'), settings),
      renderings.render(network('unused'), settings),
    ];
    for (let each = 0; each < 255; each += 1) {
      renderings.render(network(`u${each}`), settings);
      renderings.render(network('used'), settings);
    }
    expect(renderings.render(network('used'), settings)).toBe(used);
    expect(renderings.render(network('unused'), settings)).not.toBe(unused);
  });
});
