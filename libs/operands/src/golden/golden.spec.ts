import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { type OperatorConfigSpec } from '@sriov/api';
import { OPERANDS } from '../operand.ts';
import { type OperandSettings } from '../settings.ts';
import { make, SETTINGS } from '../test/inputs.ts';

/** What is made of all that can be asked for. `UPDATE_GOLDEN=1 npx jest golden` writes the files again: read the diff. */
const PROXY = { ...SETTINGS.configDaemon.metricsProxy, image: 'proxy:1' };
const EVERYTHING: Partial<OperandSettings> = {
  devicePluginConfigShards: 2,
  tls: { cipherSuites: 'TLS_AES_128_GCM_SHA256', minVersion: 'VersionTLS13' },
  configDaemon: { ...SETTINGS.configDaemon, metricsProxy: PROXY },
  sriovNetworkDevicePlugin: { image: 'original:1', patch: {} },
  metricsExporter: {
    ...SETTINGS.metricsExporter,
    prometheusOperator: { enabled: true, deployRules: true, tlsConfig: {} },
  },
  cniPlugins: {
    ...SETTINGS.cniPlugins,
    images: { sriovCni: 'sriov:1', ibSriovCni: 'ib:1', ovsCni: 'ovs:1', rdmaCni: 'rdma:1' },
  },
};
const CONFIG: OperatorConfigSpec = {
  useCDI: true,
  logLevel: 2,
  featureGates: { manageSoftwareBridges: true, metricsExporter: true },
  configDaemonEnvVars: { AUDIT_SECONDS: '60' },
};

it.each(OPERANDS)('%s is made as the golden file says', (name) => {
  const operand = make(name, CONFIG, EVERYTHING);
  const objects = operand.kind === 'on' ? operand.objects : [];
  const rendered = objects.map(({ resource, object }) => ({ kind: resource.kind, ...object }));
  const file = join(import.meta.dirname, `${name}.json`);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, `${JSON.stringify(rendered, null, 2)}\n`);
  expect(rendered).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
