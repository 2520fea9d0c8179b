import { describe, expect, it } from '@jest/globals';
import { type ObservedPf } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testLink, testPf } from '../test/test-host.ts';
import { type Card, cardOf, isOtherCard, joinCards } from './card.ts';
import { planHost } from './plan-host.ts';

const A = '52:54:00:aa:00:10';
const B = '52:54:00:aa:00:20';
const card = (address?: string, deviceId = '10c9'): Card => ({
  vendor: '8086',
  deviceId,
  ...(address !== undefined && { address }),
});

function withoutLink({ link: _, ...pf }: ObservedPf): ObservedPf {
  return pf;
}

describe('a card is known by', () => {
  it.each<[string, ObservedPf, Card]>([
    ['the address that it shows', testPf(), card(A)],
    ['the address that it was made with', testPf([], { link: testLink({ permanentMac: B }) }), card(B)],
    [
      'its ids alone, where somebody has set its address',
      testPf([], { link: testLink({ isMacAssigned: true }) }),
      card(),
    ],
    ['its ids alone, where it shows no interface', withoutLink(testPf()), card()],
    [
      'the GUID of its port',
      testPf([], {
        linkType: 'IB',
        link: testLink({ mac: '00:00:10:29:fe:80:00:00:00:00:00:00:B8:59:9f:03:00:f9:8f:86' }),
      }),
      card('b8:59:9f:03:00:f9:8f:86'),
    ],
  ])('%s', (_, pf, expected) => {
    expect(cardOf(pf)).toEqual(expected);
  });
});

describe('whether it is another card than before', () => {
  it.each<[string, Card | undefined, Card, boolean]>([
    ['nothing is known of before', undefined, card(A), false],
    ['it has the same address', card(A), card(A), false],
    ['it has another address', card(A), card(B), true],
    ['it has the same address and other ids, as after an update of its firmware', card(A), card(A, '1234'), false],
    ['its address is not known now', card(A), card(), false],
    ['its address was not known', card(), card(A), false],
    ['its address is not known, and its ids are others', card(A), card(undefined, '1234'), true],
  ])('%s', (_, known, seen, expected) => {
    expect(isOtherCard(known, seen)).toBe(expected);
  });

  it.each<[string, Card | undefined, Card, Card]>([
    ['an address that is known is not forgotten', card(A), card(), card(A)],
    ['one that becomes known is remembered', card(), card(A), card(A)],
    ['a card that was not known becomes known', undefined, card(), card()],
  ])('%s', (_, known, seen, expected) => {
    expect(joinCards(known, seen)).toEqual(expected);
  });
});

describe('a PF of the record of which', () => {
  const owned = new Map([[PF, { pciAddress: PF, numVfs: 1 }]]);
  const initial = new Map([[PF, { mtu: 4000 }]]);
  const plan = (pf: ObservedPf, known: Card | undefined): ReturnType<typeof planHost> =>
    planHost(testFacts([pf], [], { owned, initial, cards: new Map(known === undefined ? [] : [[PF, known]]) }));

  it('nobody knows the card is given back', () => {
    expect(plan(testPf([netdevice(0)]), undefined).pfs.map(({ before }) => before)).toEqual([
      [{ kind: 'set-num-vfs', numVfs: 0 }],
    ]);
  });

  it('the card is another one is left alone, and the record is put aside', () => {
    const { pfs, problems, released, setAside, warnings } = plan(testPf([netdevice(0)]), card(B));
    expect([pfs, problems, released, setAside]).toEqual([[], [], [], [PF]]);
    expect(warnings).toEqual([expect.stringContaining(`another card is in the slot (8086:10c9 ${A})`)]);
  });

  it('the card is another one, and that the spec was planned without, waits with all that is known of it', () => {
    const facts = testFacts([testPf([netdevice(0)])], [], { owned, initial, cards: new Map([[PF, card(B)]]) });
    const { pfs, setAside, warnings } = planHost({ ...facts, plannedFrom: new Set() });
    expect([pfs, setAside, warnings?.length]).toEqual([[], undefined, 1]);
  });

  it('the card cannot be compared keeps its VFs', () => {
    const pf = withoutLink(testPf([netdevice(0)], { driver: 'unheard_of' }));
    const { pfs, problems, released, setAside } = plan(pf, card(A));
    expect([pfs, released, setAside]).toEqual([[], [], undefined]);
    expect(problems).toEqual([
      {
        pciAddress: PF,
        reason: 'InterfaceNotFound',
        message: `${PF}: no policy wants its VFs, and it shows no network interface, so nobody can tell whether it is still the card that the operator configured (8086:10c9 ${A}): its VFs stay until it shows one`,
      },
    ]);
  });

  it('the card cannot be compared, and that has no VFs, is released', () => {
    expect(plan(withoutLink(testPf([], { driver: 'unheard_of' })), card(A)).released).toEqual([PF]);
  });
});

describe('a state folder that cannot be read', () => {
  it('leaves the whole host as it is, and one sentence says so', () => {
    const facts = testFacts([testPf([netdevice(0)])], [{ pciAddress: PF, numVfs: 4 }], { unread: 'pci: ENOTDIR' });
    const { pfs, taken, released, problems } = planHost(facts);
    expect([pfs, taken, released]).toEqual([[], [], []]);
    expect(problems).toEqual([
      {
        reason: 'StateUnreadable',
        message:
          "the state folder cannot be read, so nobody knows which VFs are the operator's, and nothing is done to the host: pci: ENOTDIR",
      },
    ]);
  });
});
