/** API group of every custom resource of the operator. */
export const GROUP = 'sriovnetwork.openshift.io';
/** The only served and stored version. */
export const VERSION = 'v1';

/** Name of the one SriovOperatorConfig that is honoured, in the operator namespace. */
export const DEFAULT_OPERATOR_CONFIG_NAME = 'default';
/** A policy of this name is a relic of the first releases: it is ignored everywhere. */
export const IGNORED_POLICY_NAME = 'default';
/** Namespace that the chart and the CLI assume. */
export const DEFAULT_OPERATOR_NAMESPACE = 'sriov-network-operator';
/** Prefix of device-plugin resources: `openshift.io/intelnics`. */
export const DEFAULT_RESOURCE_PREFIX = 'openshift.io';
/** The DRA driver for VFs of the Kubernetes network plumbing group: `driver` of its devices in ResourceClaims. */
export const DEFAULT_DRA_DRIVER = 'sriovnetwork.k8snetworkplumbingwg.io';

/** ConfigMap with one key per node, read by the SR-IOV device plugin as `/etc/pcidp/<node>`. */
export const DEVICE_PLUGIN_CONFIG_MAP = 'device-plugin-config';
/** Selects the pods of the SR-IOV device plugin, in the operator namespace. */
export const DEVICE_PLUGIN_SELECTOR = 'app=sriov-device-plugin';
/** ConfigMap in which the chart tells the operand controller what the operands are made from, see `libs/operands`. */
export const OPERAND_SETTINGS_CONFIG_MAP = 'operand-settings';
/** Key of {@link OPERAND_SETTINGS_CONFIG_MAP}: a JSON text. */
export const OPERAND_SETTINGS_KEY = 'settings.json';
/** ConfigMap in which the chart asks for the SriovOperatorConfig. */
export const OPERATOR_CONFIG_CONFIG_MAP = 'operator-config';
/** Key of {@link OPERATOR_CONFIG_CONFIG_MAP}: the spec as a JSON text. */
export const OPERATOR_CONFIG_KEY = 'spec.json';
/** ConfigMap whose values are `"<vendor> <pfDevice> <vfDevice>"`, lower-case hex. */
export const SUPPORTED_NIC_CONFIG_MAP = 'supported-nic-ids';

/** Labels that the operator writes or selects by. */
export const LABEL = {
  /** On Node: `Enabled` or `Disabled`; the device-plugin DaemonSet selects by it. */
  devicePlugin: `${GROUP}/device-plugin`,
  /** On Node: `own` or `sriov-network-device-plugin`, which device plugin runs there; the default decides without it. */
  devicePluginKind: `${GROUP}/device-plugin-kind`,
  /** On each object that the operand controller makes: the operand that it is part of. Nothing else is ever pruned. */
  operand: `${GROUP}/operand`,
  worker: 'node-role.kubernetes.io/worker',
  os: 'kubernetes.io/os',
} as const;

/** Annotations that are contracts between the services (and with upstream's). */
export const ANNOTATION = {
  /** On Node: what the daemon asks for, see {@link DrainRequest}. */
  nodeState: `${GROUP}/state`,
  /** On SriovNetworkNodeState: what the daemon asks for, see {@link DrainRequest}. */
  desiredState: `${GROUP}/desired-state`,
  /** On SriovNetworkNodeState: what the drainer has done, see {@link DrainProgress}. */
  currentState: `${GROUP}/current-state`,
  /**
   * On SriovNetworkNodeState: the drain in {@link ANNOTATION.currentState} was granted by our drain controller. Another
   * drainer, such as upstream's, writes none.
   */
  drainGrant: `${GROUP}/drain-grant`,
  /** On Node: our drain controller has cordoned it, see `readCordonRecord` of `libs/rollout`. */
  cordoned: `${GROUP}/cordoned`,
  /** On Node: with `true` an administrator allows the reboot of the only node of a cluster. */
  allowReboot: `${GROUP}/allow-reboot`,
  /** On SriovNetworkNodeState: RFC 3339 time at which the daemon asked for the drain that it asks for now. */
  drainAskedAt: `${GROUP}/drain-asked-at`,
  /**
   * On SriovNetworkNodeState: RFC 3339 time at which our drain controller took the slot back from a drain that had
   * taken too long. The node goes to the end of the queue.
   */
  drainReleasedAt: `${GROUP}/drain-released-at`,
  /**
   * On SriovNetworkNodeState: for what the node was drained in vain, as JSON that the config daemon writes. Whoever
   * removes it has the daemon ask again at once.
   */
  drainInVain: `${GROUP}/drain-in-vain`,
  /** On SriovNetworkNodeState: `true` where another controller than ours drains the node. */
  useExternalDrainer: `${GROUP}/use-external-drainer`,
  /** On SriovNetworkNodeState of a node that is no longer managed: RFC 3339 UTC time of its removal. */
  keepStateUntil: `${GROUP}/keep-state-until`,
  /**
   * On SriovNetworkNodeState: hash of the node's device-plugin configuration. The device plugin reads its file once, so
   * the daemon restarts it when this changes; the file is written before.
   */
  devicePluginConfigHash: `${GROUP}/device-plugin-config-hash`,
  /**
   * On SriovNetworkNodeState: the node's device-plugin configuration itself, which the daemon hands over to the device
   * plugin. Absent where it is too long, see `fitsConfigAnnotation`.
   */
  devicePluginConfig: `${GROUP}/device-plugin-config`,
  /**
   * On SriovNetworkNodeState: PCI addresses of the reported PFs that the spec was planned from, see `readPlannedFrom`.
   * It is written together with the spec.
   */
  plannedFrom: `${GROUP}/planned-from`,
  /**
   * On SriovNetworkNodePolicy: with `true`, nothing changes on the nodes of the policy. Anything but `false` counts as
   * `true`: who writes it wants things to stay.
   */
  paused: `${GROUP}/paused`,
  /**
   * On SriovNetworkNodeState of a pool that asks for a canary: in which roll-out the spec was written, when, and
   * whether before or after the canary was done, see `readRolloutRecord` of `libs/policy`. It is written together with
   * the spec.
   */
  rollout: `${GROUP}/rollout`,
  /**
   * On each object that the operand controller makes: hash of all that it has applied. It differs when something was
   * removed, which a comparison with the object cannot tell from what somebody else has added.
   */
  operandHash: `${GROUP}/operand-hash`,
  /** On NetworkAttachmentDefinition: `<Kind>.<group>/<namespace>/<name>` of the network CR that made it. */
  ownerRef: `${GROUP}/owner-ref`,
  /** On network CRs: namespace of the NetworkAttachmentDefinition of the last successful sync. */
  lastNetworkNamespace: `operator.${GROUP}/last-network-namespace`,
  /** On NetworkAttachmentDefinition: `<prefix>/<resourceName>`, read by the resources injector. */
  resourceName: 'k8s.v1.cni.cncf.io/resourceName',
} as const;

/**
 * Key of a taint with which a kubelet may register its node: pods wait until the node is configured for the first time.
 * The drain controller takes it off where it is told to.
 */
export const STARTUP_TAINT = `${GROUP}/not-configured`;

/** Finalizers. The controller that sets one also removes it. */
export const FINALIZER = {
  network: `netattdef.finalizers.${GROUP}`,
  pool: `poolconfig.finalizers.${GROUP}`,
  operatorConfig: `operatorconfig.finalizers.${GROUP}`,
} as const;

/** Values of {@link ANNOTATION.nodeState} and {@link ANNOTATION.desiredState}. */
export type DrainRequest = 'Idle' | 'Drain_Required' | 'Reboot_Required';
/** Values of {@link ANNOTATION.currentState}. */
export type DrainProgress = 'Idle' | 'Draining' | 'DrainComplete';

/** Webhook configuration objects, validating and mutating, share this name. */
export const WEBHOOK_CONFIGURATION = 'sriov-operator-webhook-config';

/**
 * Name of a service, its ServiceAccount, its lease and its field manager in server-side apply.
 * One word for the same thing everywhere, so that `kubectl` output leads to the code.
 */
export type ServiceName =
  | 'policy-controller'
  | 'network-renderer'
  | 'operand-controller'
  | 'drain-controller'
  | 'admission-webhook'
  | 'config-daemon';

/** Paths at which the config daemon passes on the metrics of the operator's device plugin and of its standby. */
export const DEVICE_PLUGIN_METRICS_PATHS = ['/metrics/device-plugin', '/metrics/device-plugin-standby'] as const;
