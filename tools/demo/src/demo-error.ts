/** The demo cannot go on; the message says why to people. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}
