import { describe, expect, it } from '@jest/globals';
import { findConfigFault } from './cni-config-fault.ts';

const faultOf = (config: unknown): string | undefined => findConfigFault(JSON.stringify(config));
const chained = (...plugins: unknown[]): unknown => ({ plugins: [{ type: 'sriov' }, ...plugins] });

describe('a configuration that the CNI reads', () => {
  it.each<[string, unknown]>([
    ['has no IPAM', { type: 'sriov' }],
    ['has an IPAM without a type', { ipam: {} }],
    ['has an IPAM of a type', { ipam: { type: 'static' } }],
    ['has no value for IPAM', { ipam: null }],
    ['has capabilities without a value', { capabilities: null }],
    ['has capabilities that are true or false', { capabilities: { ips: true, mac: false } }],
    ['has no plugin after the first', chained()],
    ['has a plugin that is named', chained({ type: 'tuning' })],
    ['has a plugin whose capabilities have no value', chained({ type: 'tuning', capabilities: null })],
  ])('%s', (_, config) => {
    expect(faultOf(config)).toBeUndefined();
  });
});

describe('a configuration that the CNI refuses', () => {
  const noType = (place: number): string =>
    `spec.metaPlugins: plugin ${place} has no "type" that names it, such as {"type": "tuning"}: the CNI refuses it at the start of a pod`;

  it.each<[string, unknown, string]>([
    [
      'has a capability that is text',
      { capabilities: { ips: true, mac: 'true' } },
      'spec.capabilities: "mac" is "true", and must be true or false: the CNI refuses it at the start of a pod',
    ],
    [
      'has an IPAM whose type is a number',
      { ipam: { type: 5 } },
      'spec.ipam: "type" is 5, and must be text: the CNI refuses it at the start of a pod',
    ],
    ['has a plugin without a type', chained({ type: 'tuning' }, { mtu: 9000 }), noType(2)],
    ['has a plugin with an empty type', chained({ type: '' }), noType(1)],
    ['has a plugin whose type is a number', chained({ type: 5 }), noType(1)],
    ['has a plugin that is null', chained(null), noType(1)],
    ['has a plugin that is text', chained('tuning'), noType(1)],
    ['names the type twice, and the last one has no name', chained({ type: 'tuning', Type: '' }), noType(1)],
    [
      'has a plugin whose capability is a number',
      chained({ type: 'tuning', capabilities: { mac: 1 } }),
      'spec.metaPlugins: capabilities of plugin 1: "mac" is 1, and must be true or false: the CNI refuses it at the start of a pod',
    ],
  ])('%s', (_, config, fault) => {
    expect(faultOf(config)).toBe(fault);
  });

  it('is told of the first fault alone', () => {
    expect(faultOf(chained({ mtu: 1 }, { type: 'a' }, { type: 5 }))).toBe(noType(1));
  });
});
