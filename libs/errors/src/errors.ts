/** The message of whatever was thrown. Looks at its shape: an error of another realm is no instance of our `Error`. */
export function messageOf(error: unknown): string {
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
}

/** True when `error` carries one of the codes, such as the errno name `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isObject(error) && typeof error['code'] === 'string' && codes.includes(error['code']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
