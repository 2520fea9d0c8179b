import {
  ANNOTATION,
  CONDITION,
  CUSTOM_RESOURCES,
  DEVICE_PLUGIN_SELECTOR,
  FINALIZER,
  LABEL,
  OPERAND_SETTINGS_CONFIG_MAP,
  OPERAND_SETTINGS_KEY,
  SUPPORTED_NIC_CONFIG_MAP,
  SYNC_STATUS,
  WEBHOOK_CONFIGURATION,
} from '@sriov/api';
import { configShardNames } from '@sriov/device-plugin-config';
import { OVS_OFFLOAD_SET_FOR } from '@sriov/host';
import { HANDOVER_FILE, HANDOVER_FOLDER, SYNC_METHOD, syncSocketPath } from '@sriov/plugin-handover';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';

const NAMES = {
  annotations: ANNOTATION,
  labels: LABEL,
  finalizers: FINALIZER,
  conditions: CONDITION,
  syncStatus: SYNC_STATUS,
  kinds: Object.fromEntries(
    CUSTOM_RESOURCES.map(({ kind, plural, group, version }) => [kind, `${plural}.${group}/${version}`]),
  ),
  objects: {
    devicePluginConfig: configShardNames(2).join(' '),
    operandSettings: `${OPERAND_SETTINGS_CONFIG_MAP} ${OPERAND_SETTINGS_KEY}`,
    supportedNics: SUPPORTED_NIC_CONFIG_MAP,
    webhookConfiguration: WEBHOOK_CONFIGURATION,
  },
  devicePlugin: {
    selector: DEVICE_PLUGIN_SELECTOR,
    handover: `${HANDOVER_FOLDER}/${HANDOVER_FILE}`,
    sync: SYNC_METHOD,
    socket: syncSocketPath('a'),
  },
  openVSwitch: { offloadSetFor: `external_ids:${OVS_OFFLOAD_SET_FOR}` },
} satisfies Record<string, Record<string, string>>;

const documentSchema = z.object({ about: z.string(), names: z.record(z.string(), z.string()) });

/** Names by which services find what others have written. */
export const names: Exchange = {
  name: 'names',
  what: 'names of objects, labels, annotations, finalizers, conditions and paths',
  writer: 'all',
  readers: ['all'],
  write: () =>
    Promise.resolve(Object.fromEntries(Object.entries(NAMES).map(([about, all]) => [about, { about, names: all }]))),
  // By what name each thing is known now that had one then.
  understand(document) {
    const { about, names: then } = documentSchema.parse(document);
    const now = new Map(Object.entries(NAMES)).get(about) ?? {};
    return Promise.resolve(Object.fromEntries(Object.entries(now).filter(([key]) => key in then)));
  },
};
