/** The input cannot be read, or the program was called wrongly. The message is for people, and complete. */
export class InputError extends Error {
  readonly code = 'INPUT_UNREADABLE';
}
