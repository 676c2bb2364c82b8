/** Typed arrays that are filled anew at every step without being allocated anew. */

type Element = Int32Array | Uint32Array | Float32Array;

/** One array that grows when it must, and its leading part of a given length. */
export class ReusedArray<A extends Element> {
  readonly #make: (length: number) => A;
  #array: A;
  #view: A;

  constructor(make: (length: number) => A, capacity: number) {
    this.#make = make;
    this.#array = make(capacity);
    this.#view = this.#array;
  }

  /** The whole array, at least `length` long; what it held is kept. */
  atLeast(length: number): A {
    if (this.#array.length < length) {
      const larger = this.#make(Math.max(length, this.#array.length * 2));
      larger.set(this.#array);
      this.#array = larger;
    }
    return this.#array;
  }

  /** The first `length` elements; the same object as long as the length stays the same. */
  view(length: number): A {
    if (this.#view.length !== length || this.#view.buffer !== this.#array.buffer) {
      this.#view = this.#array.subarray(0, length) as A;
    }
    return this.#view;
  }
}

export function reusedInt32(capacity: number): ReusedArray<Int32Array> {
  return new ReusedArray((length) => new Int32Array(length), capacity);
}

export function reusedUint32(capacity: number): ReusedArray<Uint32Array> {
  return new ReusedArray((length) => new Uint32Array(length), capacity);
}

export function reusedFloat32(capacity: number): ReusedArray<Float32Array> {
  return new ReusedArray((length) => new Float32Array(length), capacity);
}
