/** The input cannot be read, or the program was called wrongly. Its message is for people and tells everything. */
export class InputError extends Error {
  readonly code = 'INPUT_UNREADABLE';
}
