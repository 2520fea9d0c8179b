import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { service as admissionWebhook } from '@sriov/admission-webhook';
import { bootService, service as configDaemon } from '@sriov/config-daemon';
import { service as devicePlugin } from '@sriov/device-plugin';
import { service as drainController } from '@sriov/drain-controller';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import { settingsPage } from './settings-page.ts';

const services = [
  policyController,
  networkRenderer,
  admissionWebhook,
  operandController,
  drainController,
  configDaemon,
  bootService,
  devicePlugin,
];

writeFileSync(join(import.meta.dirname, '../../../docs/settings.md'), settingsPage(services));
