import {
  type KubeObject,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
} from '@sriov/api';

/** A write to be judged. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /**
   * The object as it was sent, with its `kind`; on DELETE the object to be deleted. Anything may be wrong with its
   * spec.
   */
  readonly object: KubeObject;
  /** The object as it is stored; on UPDATE only. */
  readonly oldObject?: KubeObject | undefined;
  readonly cluster: AdmissionCluster;
  readonly settings: AdmissionSettings;
}

/** What is in the cluster. The object itself may be among it. */
export interface AdmissionCluster {
  /** Only names and labels are read. */
  readonly nodes: readonly KubeObject[];
  /** The details of VFs are not read. */
  readonly nodeStates: readonly SriovNetworkNodeState[];
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly pools: readonly SriovNetworkPoolConfig[];
  /** `data` of the ConfigMap `supported-nic-ids`; without it the built-in list is used. */
  readonly supportedNics: Readonly<Record<string, string>> | undefined;
}

/** How the operator is set up. */
export interface AdmissionSettings {
  readonly operatorNamespace: string;
  /** Refuse vendor and device ids that the list of NICs lacks, as upstream does; otherwise they are a warning. */
  readonly supportedNicsOnly: boolean;
}

/** The answer to a request. */
export interface AdmissionVerdict {
  readonly allowed: boolean;
  /** Why it is refused: field, value and cure. Empty when it is allowed. */
  readonly message: string;
  /** What the person should know although the write is allowed. */
  readonly warnings: readonly string[];
  /** The defaults that are set, as a JSON patch (RFC 6902). A refused object has one as well. */
  readonly patch: readonly PatchOperation[];
}

/** An operation of a JSON patch. */
export interface PatchOperation {
  readonly op: 'add';
  /** JSON pointer, such as `/spec/priority`. */
  readonly path: string;
  readonly value: boolean | number;
}
