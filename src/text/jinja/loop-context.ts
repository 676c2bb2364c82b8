/** What a loop's body knows as `loop`. */

import type { Budget } from "./budget.ts";
import { areEqual } from "./operators.ts";
import { Callable, type CallArguments, JinjaError, NativeObject, Tuple, Undefined, type Value } from "./values.ts";

export class LoopContext {
  readonly #items: readonly Value[];
  readonly #depth: number;
  readonly #budget: Budget;
  #index = -1;
  #lastChanged: Value | null = null;
  /** `loop` itself. */
  readonly value: NativeObject;

  /** `recurse` renders the loop's body for other items; null where the loop is not recursive. */
  constructor(
    items: readonly Value[],
    depth: number,
    budget: Budget,
    recurse: ((args: CallArguments) => Value) | null,
  ) {
    this.#items = items;
    this.#depth = depth;
    this.#budget = budget;
    const call = recurse ?? notRecursive;
    this.value = new NativeObject("LoopContext", (name) => this.#attribute(name), call);
  }

  advance(index: number): void {
    this.#index = index;
  }

  #attribute(name: string): Value | undefined {
    const index = this.#index;
    const { length } = this.#items;
    switch (name) {
      case "index":
        return index + 1;
      case "index0":
        return index;
      case "revindex":
        return length - index;
      case "revindex0":
        return length - index - 1;
      case "first":
        return index === 0;
      case "last":
        return index === length - 1;
      case "length":
        return length;
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return this.#neighbour(index - 1, "there is no previous item");
      case "nextitem":
        return this.#neighbour(index + 1, "there is no next item");
      case "cycle":
        return new Callable("cycle", (args) => this.#cycle(args));
      case "changed":
        return new Callable("changed", (args) => this.#changed(args));
      default:
        return undefined;
    }
  }

  #neighbour(index: number, message: string): Value {
    const item = this.#items[index];
    return item === undefined ? new Undefined(message) : item;
  }

  #cycle({ positional }: CallArguments): Value {
    const value = positional[this.#index % positional.length];
    if (value === undefined) throw new JinjaError("no items for cycling given");
    return value;
  }

  #changed({ positional }: CallArguments): Value {
    const value = new Tuple(positional);
    const isSame = this.#lastChanged !== null && areEqual(this.#lastChanged, value, this.#budget);
    this.#lastChanged = value;
    return !isSame;
  }
}

function notRecursive(): never {
  throw new JinjaError("The loop must have the 'recursive' marker to be called recursively.");
}
