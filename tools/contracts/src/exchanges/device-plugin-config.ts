import { DEFAULT_RESOURCE_PREFIX } from '@sriov/api';
import { planPools, readPluginConfig } from '@sriov/device-pool';
import { observeDevices } from '@sriov/host';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';
import { CHANGED_POLICIES, POLICIES } from '../scenario.ts';
import { nodeWith } from '../simulated-node.ts';
import { offerOf } from './device-plugin.ts';

const documentSchema = z.object({ label: z.string(), text: z.string() });

/** Which devices belong to which resource. */
export const devicePluginConfig: Exchange = {
  name: 'device-plugin-config',
  what: 'ConfigMap device-plugin-config, the same text as an annotation, and the label of the Node',
  writer: 'policy-controller',
  readers: ['device-plugin', 'config-daemon'],
  async write() {
    const documentOf = async (policies: typeof POLICIES): Promise<object> => {
      const { written } = await nodeWith(policies);
      return { label: written.label, text: written.config };
    };
    return {
      'policies of each kind of VF': await documentOf(POLICIES),
      'the same, changed': await documentOf(CHANGED_POLICIES),
      'no policies': await documentOf([]),
    };
  },
  async understand(document) {
    const { label, text } = documentSchema.parse(document);
    const { resources, problems } = readPluginConfig(text, DEFAULT_RESOURCE_PREFIX);
    const { node } = await nodeWith(POLICIES);
    const { devices } = await observeDevices(node.kernel);
    const nobody = { allocated: new Map(), starting: new Map(), known: new Map(), returning: new Map() };
    const rest = { ...nobody, unreadable: new Map<string, string>(), withdrawn: [], mayBeListed: new Set<string>() };
    const ours = { ours: new Set<string>(), prefixes: [DEFAULT_RESOURCE_PREFIX] };
    const plan = planPools({ resources, devices, ...ours, ...rest });
    return { label, hasProblems: problems.length > 0, ...offerOf(plan) };
  },
};
