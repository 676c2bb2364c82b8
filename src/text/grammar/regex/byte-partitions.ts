/**
 * Partitions of the 256 bytes into classes that an expression does not tell apart, interned, so that a
 * state needs one transition for each class.
 */

import { at } from "../../../base/invariant.ts";
import { type ByteSet, hasByte } from "./regex.ts";

const BYTES = 256;

export class BytePartitions {
  /** All bytes in one class. */
  readonly whole: number;
  /** Each digit in a class of its own. */
  readonly digits: number;
  /** Classes of all partitions, 256 each. */
  #classes = new Uint8Array(64 * BYTES);
  readonly #counts: number[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #meets = new Map<number, number>();
  readonly #bySet = new WeakMap<ByteSet, number>();

  constructor() {
    this.whole = this.#intern(() => 0);
    this.digits = this.#intern((byte) => (byte >= 0x30 && byte <= 0x39 ? byte : 0));
  }

  classOf(partition: number, byte: number): number {
    return this.#classes[(partition << 8) + byte] ?? 0;
  }

  classCount(partition: number): number {
    return at(this.#counts, partition);
  }

  ofSet(set: ByteSet): number {
    const known = this.#bySet.get(set);
    if (known !== undefined) return known;
    const partition = this.#intern((byte) => Number(hasByte(set, byte)));
    this.#bySet.set(set, partition);
    return partition;
  }

  /** The coarsest partition that both refine to. */
  meet(left: number, right: number): number {
    if (left === right || right === this.whole) return left;
    if (left === this.whole) return right;
    const key = left < right ? left * 2 ** 26 + right : right * 2 ** 26 + left;
    const known = this.#meets.get(key);
    if (known !== undefined) return known;
    const partition = this.#intern((byte) => this.classOf(left, byte) * BYTES + this.classOf(right, byte));
    this.#meets.set(key, partition);
    return partition;
  }

  /** One byte of each class. */
  representatives(partition: number): readonly number[] {
    const bytes: number[] = [];
    for (let byte = 0; byte < BYTES; byte += 1) if (this.classOf(partition, byte) === bytes.length) bytes.push(byte);
    return bytes;
  }

  /** Whether no other byte is in the class of `byte`, the first of its class. */
  isAlone(partition: number, byte: number): boolean {
    for (let other = byte + 1; other < BYTES; other += 1) {
      if (this.classOf(partition, other) === this.classOf(partition, byte)) return false;
    }
    return true;
  }

  /** Classes are numbered in the order of their first byte, so that equal partitions are equal arrays. */
  #intern(labelOf: (byte: number) => number): number {
    const numbers = new Map<number, number>();
    const classes = new Uint8Array(BYTES);
    for (let byte = 0; byte < BYTES; byte += 1) {
      const label = labelOf(byte);
      const number = numbers.get(label) ?? numbers.size;
      numbers.set(label, number);
      classes[byte] = number;
    }
    const key = String.fromCharCode(...classes);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const partition = this.#counts.length;
    if ((partition + 1) * BYTES > this.#classes.length) {
      const grown = new Uint8Array(this.#classes.length * 2);
      grown.set(this.#classes);
      this.#classes = grown;
    }
    this.#classes.set(classes, partition * BYTES);
    this.#counts.push(numbers.size);
    this.#byKey.set(key, partition);
    return partition;
  }
}
