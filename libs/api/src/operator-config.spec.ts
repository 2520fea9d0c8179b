import { expect, it } from '@jest/globals';
import { operatorConfigSpecSchema } from './operator-config.ts';
import { isKept, labelsOf } from './test/bounds.ts';

it.each<[string, object, object]>([
  ['the quietest log', { logLevel: 0 }, { logLevel: -1 }],
  ['the most verbose log', { logLevel: 2 }, { logLevel: 3 }],
  ['the daemon', { configurationMode: 'daemon' }, { configurationMode: '' }],
  ['systemd', { configurationMode: 'systemd' }, { configurationMode: 'Systemd' }],
  ['a plugin that can be left out', { disablePlugins: ['mellanox'] }, { disablePlugins: ['intel'] }],
  ['feature gates', { featureGates: { a: true, b: false } }, { featureGates: { a: 'true' } }],
  ['variables', { configDaemonEnvVars: { A: '1' } }, { configDaemonEnvVars: { A: 1 } }],
  ['labels of nodes', { configDaemonNodeSelector: labelsOf(256) }, { configDaemonNodeSelector: labelsOf(257) }],
  [
    'switches',
    { enableInjector: true, enableOperatorWebhook: true, disableDrain: true, enableOvsOffload: true, useCDI: true },
    { useCDI: 'true' },
  ],
])('the operator configuration takes %s up to a bound', (_, last, first) => {
  expect([isKept(operatorConfigSpecSchema, {}, last), isKept(operatorConfigSpecSchema, {}, first)]).toEqual([
    true,
    false,
  ]);
});
