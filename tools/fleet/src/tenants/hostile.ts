import { FIELD_BOUNDS } from '@sriov/api';

const OPEN = '['.repeat(60);
const CLOSE = ']'.repeat(60);

/** JSON of so many characters, nested so deep that indentation would multiply its length by a hundred. */
function deepJson(length: number): string {
  const items = Math.floor((length - OPEN.length - CLOSE.length - '{"a":}'.length - 1) / 2);
  return `{"a":${OPEN}${'1,'.repeat(items)}1${CLOSE}}`;
}

/** A network of a megabyte, as somebody who may create networks in a namespace of their own can send it. */
export const HUGE_SPEC = { resourceName: 'r', ipam: deepJson(1_000_000) };

/** The most expensive network that the API server lets in. */
export const LARGEST_SPEC = {
  resourceName: 'r',
  ipam: deepJson(FIELD_BOUNDS.json),
  metaPlugins: deepJson(FIELD_BOUNDS.json),
  capabilities: deepJson(FIELD_BOUNDS.capabilities),
};
