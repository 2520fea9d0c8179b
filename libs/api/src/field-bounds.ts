/**
 * How large free fields may be: far above real use, and so small that reading, printing or quoting one does not slow
 * down other tenants, who share the operator. The bounds are in the CRDs, where the API server enforces them, and in
 * code for objects that were stored before. The API server does not check a field that does not change, so such objects
 * can be labelled and deleted.
 */
export const FIELD_BOUNDS = {
  /** Characters of `ipam` and `metaPlugins`: some 200 routes, as people indent them. */
  json: 32_768,
  /** Characters of `capabilities`, a handful of booleans. */
  capabilities: 4_096,
  /**
   * Levels of nested objects and lists in these three fields. A CRD cannot express this bound; real values have 4 or 5
   * levels.
   */
  jsonDepth: 64,
  /** Characters of a name: of a Kubernetes object, an interface, a bridge, a PCI address, an id. */
  name: 253,
  /** Characters of the key of a label: a prefix of 253, a slash and 63. */
  labelKey: 317,
  /** Characters of a path in Linux. */
  path: 4_096,
  /** Entries of a list of names or conditions. */
  entries: 256,
  /** Number of VLANs that exist. */
  vlans: 4_096,
} as const;

/** Most characters of an indented CNI configuration. A longer one is printed without indentation. */
export const MAX_CNI_CONFIG_LENGTH = 262_144;
