import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec } from '@sriov/api';
import { policy } from '@sriov/testing/objects';
import { configText, endsDevicePlugin, readElements, toElement, writeSelectors } from './config-text.ts';
import { NO_SELECTORS } from './selectors.ts';

const specOf = (change: Partial<NodePolicySpec>): NodePolicySpec => ({ ...policy('p').spec!, ...change });

describe('the elements of a text', () => {
  it.each<[string, string | undefined, string[]]>([
    ['are those with a name', '{"resourceList":[{"resourceName":"a"},{"resourceName":"b"}]}', ['a', 'b']],
    ['are none without a text', undefined, []],
    ['are none in a text that is not JSON', '{', []],
    ['are none in JSON of another kind', '[1]', []],
    ['are none where the list is null', '{"resourceList":null}', []],
    ['are none where the list is no list', '{"resourceList":"a"}', []],
    [
      'are not what has no name, or none that is a text',
      '{"resourceList":[null,1,"a",{},{"resourceName":7},{"resourceName":"b"}]}',
      ['b'],
    ],
  ])('%s', (_, text, names) => {
    expect([...readElements(text).keys()]).toEqual(names);
  });

  it('stay as they are', () => {
    const element = { selectors: { later: 1 }, resourceName: 'a' };
    const [read] = readElements(configText([element])).values();
    expect(JSON.stringify(read)).toBe(JSON.stringify(element));
  });
});

describe('the device plugin ends over a resource', () => {
  it.each<[string, boolean, Partial<NodePolicySpec>]>([
    ['with RDMA and vDPA', true, { isRdma: true, vdpaType: 'vhost' }],
    ['not with RDMA alone', false, { isRdma: true }],
    ['not with vDPA alone', false, { vdpaType: 'vhost' }],
    ['not with vDPA and RDMA switched off', false, { isRdma: false, vdpaType: 'vhost' }],
  ])('%s: %s', (_, ends, spec) => {
    expect(endsDevicePlugin(specOf(spec))).toBe(ends);
    expect(writeSelectors(NO_SELECTORS, specOf(spec))).toMatchObject({ IsRdma: spec.isRdma === true && !ends });
  });
});

describe('an element', () => {
  it('has one set of selectors as an object, and several as a list', () => {
    expect(toElement(specOf({}), [{ a: 1 }])).toEqual({ resourceName: 'r', selectors: { a: 1 }, SelectorObj: null });
    expect(toElement(specOf({ excludeTopology: true }), [{ a: 1 }, { b: 2 }])).toEqual({
      resourceName: 'r',
      excludeTopology: true,
      selectors: [{ a: 1 }, { b: 2 }],
      SelectorObj: null,
    });
  });
});
