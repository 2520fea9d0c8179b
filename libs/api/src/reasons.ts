/**
 * Every reason that stands in a condition, an Event or a metric label. Constants for programs;
 * the sentence for people is composed where the decision is made.
 */
export const REASON = {
  // any kind
  reconcileFailed: 'ReconcileFailed',
  objectTooLarge: 'ObjectTooLarge',
  writeRefused: 'WriteRefused',

  // networks (names as upstream writes them)
  networkReady: 'NetworkReady',
  attachmentInvalid: 'NetworkAttachmentDefinitionInvalid',
  attachmentNotFound: 'NetworkAttachmentDefinitionNotFound',
  namespaceNotFound: 'NamespaceNotFound',

  // policies, pools and what they depend on
  policyApplied: 'PolicyApplied',
  policyInvalid: 'PolicyInvalid',
  policyConflict: 'PolicyConflict',
  noMatchingNodes: 'NoMatchingNodes',
  noMatchingInterfaces: 'NoMatchingInterfaces',
  tooManyVfs: 'TooManyVirtualFunctions',
  nodesProgressing: 'NodesProgressing',
  nodesFailed: 'NodesFailed',
  wrongNamespace: 'WrongNamespace',
  poolReady: 'PoolReady',
  poolInvalid: 'PoolInvalid',
  severalPools: 'NodeInSeveralPools',
  nicListRead: 'NicListRead',
  nicListInvalid: 'NicListInvalid',
  configMapFits: 'ConfigMapFits',
  configMapNearlyFull: 'ConfigMapNearlyFull',
  configMapFull: 'ConfigMapFull',
  nodesWritten: 'NodesWritten',
  noOperatorConfig: 'NoOperatorConfig',
  operatorConfigInvalid: 'OperatorConfigInvalid',
  operatorConfigApplied: 'OperatorConfigApplied',
  notManaged: 'NotManaged',

  // roll-outs that are held back
  rolledOut: 'RolledOut',
  rolloutPaused: 'RolloutPaused',
  canaryWaiting: 'WaitingForCanary',
  canaryFailed: 'CanaryFailed',

  // operands
  operandDeployed: 'OperandDeployed',
  operandRollingOut: 'OperandRollingOut',
  operandPodsUnavailable: 'OperandPodsUnavailable',
  operandForeign: 'OperandForeign',
  operandImpossible: 'OperandImpossible',
  operandSettingsInvalid: 'OperandSettingsInvalid',
  operandRestored: 'OperandRestored',
  webhookAvailable: 'WebhookAvailable',
  webhookUnavailable: 'WebhookUnavailable',
  webhookNotAsked: 'WebhookNotAsked',
  webhookAbsent: 'WebhookNotDeployed',

  // certificates of the webhook
  certificatesInForce: 'CertificatesInForce',
  certificatesWritten: 'CertificatesWritten',
  certificatesForeign: 'CertificatesForeign',

  // rules of the webhook's registration
  rulesInForce: 'RulesInForce',
  rulesWritten: 'RulesWritten',
  webhookUnreached: 'WebhookUnreached',

  // node states
  inSync: 'InSync',
  notPlannedYet: 'NotPlannedYet',
  applying: 'Applying',
  applyFailed: 'ApplyFailed',
  undone: 'ChangedBack',
  interfaceNotFound: 'InterfaceNotFound',
  interfaceUnreadable: 'InterfaceUnreadable',
  vfInUse: 'VirtualFunctionInUse',
  hostInterface: 'HostInterface',
  ovsUnavailable: 'OpenVSwitchUnavailable',
  bridgeForeign: 'BridgeForeign',
  bridgeInUse: 'BridgeInUse',
  bridgePortFailed: 'BridgePortFailed',
  rdmaDeviceMissing: 'RdmaDeviceMissing',
  rdmaModePending: 'RdmaModePending',
  rebootRequired: 'RebootRequired',
  firmwareLocked: 'FirmwareLocked',
  firmwareNotApplied: 'FirmwareNotApplied',
  firmwareUnreadable: 'FirmwareUnreadable',
  rebooting: 'Rebooting',
  rebootFailed: 'RebootFailed',
  rebootLoop: 'RebootLoop',
  iommuOff: 'IommuOff',
  kernelArgumentsMissing: 'KernelArgumentsMissing',
  unsupported: 'Unsupported',
  specInvalid: 'SpecInvalid',
  guidsInvalid: 'GuidsInvalid',
  blocked: 'BlockedInKernel',
  stateDamaged: 'StateDamaged',
  stateUnreadable: 'StateUnreadable',
  /** Of Events alone: it keeps nothing from being done. */
  hostWarning: 'HostWarning',
  nodeStateTooLarge: 'NodeStateTooLarge',
  noNodeState: 'NoNodeState',
  hostUnreadable: 'HostUnreadable',
  devicePluginSilent: 'DevicePluginNotResponding',
  handoverFailed: 'HandoverFailed',
  notWithdrawn: 'VirtualFunctionsNotWithdrawn',
  resourcesOffered: 'ResourcesOffered',
  devicesHeldBack: 'DevicesHeldBack',
  deviceGone: 'DeviceGone',
  resourceUnregistered: 'ResourceUnregistered',
  devicePluginConfigInvalid: 'DevicePluginConfigInvalid',
  devicePluginRestarted: 'DevicePluginRestarted',

  // the boot service of systemd mode
  bootServiceReady: 'BootServiceReady',
  bootServiceFailed: 'BootServiceFailed',
  bootServiceNotSetUp: 'BootServiceNotSetUp',

  // drains
  drainWaiting: 'WaitingForDrainSlot',
  draining: 'Draining',
  drainBlocked: 'DrainBlocked',
  drainComplete: 'DrainComplete',
  drainOver: 'NotDrained',
  drainOverdue: 'DrainOverdue',
  drainReleased: 'DrainReleased',
  nodeLost: 'NodeLost',
  podDeleted: 'PodDeletedForDrain',
  externalDrainer: 'WaitingForExternalDrainer',
  drainStateInvalid: 'DrainStateInvalid',
  drainUnanswered: 'DrainNotAnswered',
  drainInVain: 'DrainInVain',
  drainSkipped: 'DrainSkipped',
  drainWaitsForPool: 'WaitingForMachineConfigPool',
  machineConfigPoolUnknown: 'MachineConfigPoolUnknown',

  // nodes that wait for their first configuration
  startupTaintRemoved: 'StartupTaintRemoved',
} as const;
export type Reason = (typeof REASON)[keyof typeof REASON];
