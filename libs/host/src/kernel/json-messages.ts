/** Longest object that is waited for, in characters: the tables of a host with thousands of ports fill a few megabytes. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

/** Splits a stream of JSON objects that stand behind one another without anything between them. */
export class JsonMessages {
  /** The beginning of an object, joined when it is complete: what has come is looked at once, however long it gets. */
  #parts: string[] = [];
  #pending = 0;
  #depth = 0;
  #isInString = false;
  /** What came last ended with a backslash. */
  #isEscaped = false;

  /** Takes in what has come. @returns the texts of the objects that are complete now */
  push(text: string): string[] {
    if (text === '') return [];
    const complete: string[] = [];
    let start = 0;
    let at = this.#isEscaped ? 1 : 0;
    this.#isEscaped = false;
    for (;;) {
      const marks = this.#isInString ? /["\\]/g : /["{}[\]]/g;
      marks.lastIndex = at;
      const char = marks.exec(text)?.[0];
      if (char === undefined) break;
      at = marks.lastIndex;
      if (char === '\\') {
        // What follows a backslash ends no string.
        this.#isEscaped = at === text.length;
        at += 1;
      } else if (this.#isEnd(char)) {
        complete.push([...this.#parts, text.slice(start, at)].join(''));
        this.#parts = [];
        this.#pending = 0;
        start = at;
      }
    }
    this.#parts.push(text.slice(start));
    this.#pending += text.length - start;
    return complete;
  }

  /** Characters that are not yet part of a complete object. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether an object ends with this character. */
  #isEnd(char: string): boolean {
    if (char === '"') this.#isInString = !this.#isInString;
    else if (char === '{' || char === '[') this.#depth += 1;
    else return (this.#depth -= 1) <= 0;
    return false;
  }
}
