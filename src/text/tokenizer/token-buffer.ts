/** Ids as they are made: an Int32Array that grows. */

export class TokenBuffer {
  #ids: Int32Array = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) this.#reserve(1);
    this.#ids[this.#length] = id;
    this.#length += 1;
  }

  /** Appends from[start .. start + count). */
  append(from: Int32Array, start: number, count: number): void {
    if (this.#length + count > this.#ids.length) this.#reserve(count);
    for (let index = 0; index < count; index += 1) this.#ids[this.#length + index] = from[start + index] ?? 0;
    this.#length += count;
  }

  /** Copies the ids from `first` to the end into `into` at `start`. */
  copyTail(first: number, into: Int32Array, start: number): void {
    for (let index = first; index < this.#length; index += 1) into[start + index - first] = this.#ids[index] ?? 0;
  }

  /** A copy of what was pushed. */
  take(): Int32Array {
    return this.#ids.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const grown = new Int32Array(Math.max(this.#ids.length * 2, this.#length + count));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}
