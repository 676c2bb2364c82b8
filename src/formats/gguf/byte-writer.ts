/** Little-endian values appended to a buffer that grows. Integers are taken modulo their size. */

const FIRST_BYTES = 4096;

const encoder = new TextEncoder();

export class ByteWriter {
  #buffer = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  uint8(value: number): void {
    const start = this.#extend(1);
    this.#view.setUint8(start, value);
  }

  uint16(value: number): void {
    const start = this.#extend(2);
    this.#view.setUint16(start, value, true);
  }

  uint32(value: number): void {
    const start = this.#extend(4);
    this.#view.setUint32(start, value, true);
  }

  uint64(value: bigint): void {
    const start = this.#extend(8);
    this.#view.setBigUint64(start, value, true);
  }

  float32(value: number): void {
    const start = this.#extend(4);
    this.#view.setFloat32(start, value, true);
  }

  float64(value: number): void {
    const start = this.#extend(8);
    this.#view.setFloat64(start, value, true);
  }

  /** A non-negative safe integer as u64. */
  size(value: number): void {
    this.uint32(value % 2 ** 32);
    this.uint32(Math.floor(value / 2 ** 32));
  }

  bytes(bytes: Uint8Array): void {
    const start = this.#extend(bytes.length);
    this.#buffer.set(bytes, start);
  }

  /** Length, then bytes. */
  stringBytes(bytes: Uint8Array): void {
    this.size(bytes.length);
    this.bytes(bytes);
  }

  string(text: string): void {
    this.stringBytes(encoder.encode(text));
  }

  zeros(count: number): void {
    this.#extend(count);
  }

  /** What was written; shared with the writer until it grows. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Makes room for `count` bytes, which are zero, and returns where they begin. May replace buffer and
   * view, so it is called before either is used.
   */
  #extend(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
