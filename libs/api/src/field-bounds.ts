/**
 * How large free fields may be. Far above real use, and small enough that neither reading, printing nor naming one in
 * a message costs anybody else anything: who may create a network in one namespace shares the operator with all.
 * They stand in the CRDs, where the API server keeps them, and hold in code for objects that were stored before. Of a
 * field that does not change the API server does not ask anew, so that such objects can be labelled and deleted.
 */
export const FIELD_BOUNDS = {
  /** Characters of `ipam` and `metaPlugins`: some 200 routes, as people indent them. */
  json: 32_768,
  /** Characters of `capabilities`, a handful of booleans. */
  capabilities: 4_096,
  /** Levels of nested objects and lists in the three. The CRD cannot say it; real ones have 4 or 5. */
  jsonDepth: 64,
  /** Characters of a name: of a Kubernetes object, an interface, a bridge, a PCI address, an id. */
  name: 253,
  /** Characters of the key of a label: a prefix of 253, a slash and 63. */
  labelKey: 317,
  /** Characters of a path in Linux. */
  path: 4_096,
  /** Entries of a list of names or conditions. */
  entries: 256,
  /** VLANs that there are. */
  vlans: 4_096,
} as const;

/** Characters of a rendered CNI configuration; above, it is printed without indentation. */
export const MAX_CNI_CONFIG_LENGTH = 262_144;
