import { type KubeObject, type Resource } from '@sriov/api';
import { type JsonObject } from './json.ts';

/** An object of any kind that operands consist of; `status` as the API server has it. */
export interface OperandObject extends KubeObject {
  spec?: JsonObject;
  status?: JsonObject;
}

/** A DaemonSet. */
export const DAEMON_SET: Resource<OperandObject> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
};

/** A Deployment. Operands have none; the webhook is one. */
export const DEPLOYMENT: Resource<OperandObject> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

/** A Service. */
export const SERVICE: Resource<OperandObject> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
};

const monitoring = { group: 'monitoring.coreos.com', version: 'v1', namespaced: true } as const;

/** What the Prometheus operator collects metrics by; a cluster without that operator does not serve the kind. */
export const SERVICE_MONITOR: Resource<OperandObject> = {
  ...monitoring,
  kind: 'ServiceMonitor',
  plural: 'servicemonitors',
};

/** Rules of Prometheus; served where {@link SERVICE_MONITOR} is. */
export const PROMETHEUS_RULE: Resource<OperandObject> = {
  ...monitoring,
  kind: 'PrometheusRule',
  plural: 'prometheusrules',
};
