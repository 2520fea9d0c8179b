import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type JsonObject } from './json.ts';
import { applyStrategicPatch, settingsOfPatch } from './strategic-patch.ts';

const POD: JsonObject = {
  nodeSelector: { a: '1', b: '2' },
  tolerations: [{ operator: 'Exists' }],
  containers: [
    {
      name: 'main',
      image: 'main:1',
      args: ['--a', '--b'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      ports: [{ containerPort: 1, name: 'one' }],
      volumeMounts: [{ name: 'host', mountPath: '/host' }],
    },
    { name: 'side', image: 'side:1' },
  ],
};
const [MAIN, SIDE] = POD['containers'] as readonly [JsonObject, JsonObject];

describe('a strategic merge patch', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['merges objects', { nodeSelector: { c: '3' } }, { nodeSelector: { a: '1', b: '2', c: '3' } }],
    ['removes a member by null', { nodeSelector: { a: null } }, { nodeSelector: { b: '2' } }],
    ['takes null where there is nothing as nothing', { affinity: { nodeAffinity: null } }, { affinity: {} }],
    ['replaces an object when told', { nodeSelector: { $patch: 'replace', z: '' } }, { nodeSelector: { z: '' } }],
    ['replaces a list without keys', { tolerations: [] }, { tolerations: [] }],
    [
      'takes no directive into an element of such a list',
      { tolerations: [{ $patch: 'x', key: 'k' }] },
      { tolerations: [{ key: 'k' }] },
    ],
    [
      'finds a container by its name',
      { containers: [{ name: 'side', image: 'side:2' }] },
      { containers: [MAIN, { ...SIDE, image: 'side:2' }] },
    ],
    [
      'adds a container last',
      { containers: [{ name: 'new', image: 'new:1', args: null }] },
      { containers: [MAIN, SIDE, { name: 'new', image: 'new:1' }] },
    ],
    ['removes a container', { containers: [{ name: 'side', $patch: 'delete' }] }, { containers: [MAIN] }],
    [
      'removes none that is not there',
      { containers: [{ name: 'other', $patch: 'delete' }] },
      { containers: [MAIN, SIDE] },
    ],
    [
      'finds variables, ports and mounts by their keys',
      {
        containers: [
          {
            name: 'main',
            args: ['--c'],
            env: [{ name: 'B', value: '3' }],
            ports: [{ containerPort: 2 }],
            volumeMounts: [{ mountPath: '/host', readOnly: true }],
          },
        ],
      },
      {
        containers: [
          {
            name: 'main',
            image: 'main:1',
            args: ['--c'],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '3' },
            ],
            ports: [{ containerPort: 1, name: 'one' }, { containerPort: 2 }],
            volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }],
          },
          SIDE,
        ],
      },
    ],
    [
      'makes a list that is not there',
      { initContainers: [{ name: 'i', image: 'i:1' }] },
      { initContainers: [{ name: 'i', image: 'i:1' }] },
    ],
    ['takes a list whose elements lack the key as one value', { containers: ['x'] }, { containers: ['x'] }],
    ['takes a text in place of an object', { nodeSelector: 'x' }, { nodeSelector: 'x' }],
    ['takes an object in place of a list', { tolerations: { a: null, b: 1 } }, { tolerations: { b: 1 } }],
  ])('%s', (_, patch, expected) => {
    expect(applyStrategicPatch(POD, patch)).toEqual({ ...POD, ...expected });
  });

  it.each([
    ['ephemeralContainers', 'name'],
    ['hostAliases', 'ip'],
    ['imagePullSecrets', 'name'],
    ['initContainers', 'name'],
    ['ownerReferences', 'uid'],
    ['resizePolicy', 'resourceName'],
    ['resourceClaims', 'name'],
    ['topologySpreadConstraints', 'topologyKey'],
    ['volumeDevices', 'devicePath'],
    ['volumes', 'name'],
    ['ports', 'containerPort'],
    ['ports', 'port'],
  ])('merges elements of %s by their %s', (list, key) => {
    const object = { [list]: [{ [key]: 'a', x: 1 }] };
    expect(applyStrategicPatch(object, { [list]: [{ [key]: 'a', y: 2 }] })).toEqual({
      [list]: [{ [key]: 'a', x: 1, y: 2 }],
    });
  });

  it('sets nothing by what it deletes', () => {
    expect(settingsOfPatch({ a: [{ $patch: 'delete', name: 'x' }, { name: 'y', z: null }, 'w'], b: null })).toEqual({
      a: [{ name: 'y' }, 'w'],
    });
  });

  it('finds ports of a Service by another key than those of a container', () => {
    const service = { ports: [{ port: 1, name: 'one' }] };
    expect(applyStrategicPatch(service, { ports: [{ port: 1, name: 'two' }] })).toEqual({
      ports: [{ port: 1, name: 'two' }],
    });
  });

  const text = fc.constantFrom('a', 'b', 'name', 'containers', 'env');
  const { tree } = fc.letrec<{ tree: JsonObject }>((tie) => ({
    tree: fc.dictionary(
      text,
      fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '2', 3, null),
        fc.uniqueArray(fc.record({ name: fc.constantFrom('x', 'y'), image: fc.constantFrom('1', '2') }), {
          selector: ({ name }) => name,
        }),
        tie('tree'),
      ),
      { maxKeys: 4 },
    ),
  }));

  it('that is empty changes nothing, and one that was applied changes nothing more', () => {
    fc.assert(
      fc.property(tree, tree, (base, patch) => {
        const object = settingsOfPatch(base);
        expect(applyStrategicPatch(object, {})).toEqual(object);
        const once = applyStrategicPatch(object, patch);
        expect(applyStrategicPatch(once, patch)).toEqual(once);
      }),
    );
  });
});
