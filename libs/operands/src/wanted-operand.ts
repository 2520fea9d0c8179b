import { cniPlugins } from './cni-plugins.ts';
import { configDaemon } from './config-daemon.ts';
import { devicePlugin } from './device-plugin.ts';
import { metricsExporter } from './metrics-exporter.ts';
import { type Operand, type OperandInputs, type OperandName } from './operand.ts';
import { originalDevicePlugin } from './original-device-plugin.ts';

const MAKERS: Readonly<Record<OperandName, (inputs: OperandInputs) => Operand>> = {
  'config-daemon': configDaemon,
  'device-plugin': devicePlugin,
  'sriov-network-device-plugin': originalDevicePlugin,
  'metrics-exporter': metricsExporter,
  'cni-plugins': cniPlugins,
};

/** What an operand should be. None depends on another. */
export function wantedOperand(inputs: OperandInputs, name: OperandName): Operand {
  return MAKERS[name](inputs);
}
