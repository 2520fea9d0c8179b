/** Splits a stream of JSON objects that stand behind one another without anything between them. */
export class JsonMessages {
  #text = '';
  #at = 0;
  #depth = 0;
  #isInString = false;

  /** Takes in what has come. @returns the texts of the objects that are complete now */
  push(text: string): string[] {
    this.#text += text;
    const complete: string[] = [];
    while (this.#at < this.#text.length) {
      const isEnd = this.#step(this.#text.charAt(this.#at));
      this.#at += 1;
      if (!isEnd) continue;
      complete.push(this.#text.slice(0, this.#at));
      this.#text = this.#text.slice(this.#at);
      this.#at = 0;
    }
    return complete;
  }

  /** Characters that are not yet part of a complete object. */
  get pending(): number {
    return this.#text.length;
  }

  /** Whether an object ends with this character. */
  #step(char: string): boolean {
    if (this.#isInString) {
      // What follows a backslash ends no string.
      if (char === '\\') this.#at += 1;
      else if (char === '"') this.#isInString = false;
      return false;
    }
    if (char === '"') this.#isInString = true;
    else if (char === '{' || char === '[') this.#depth += 1;
    else if (char === '}' || char === ']') return (this.#depth -= 1) <= 0;
    return false;
  }
}
