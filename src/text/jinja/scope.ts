/** The variables that a place in a template sees: its own, then those around it. */

import { Undefined, type Value } from "./values.ts";

export class Scope {
  readonly #parent: Scope | null;
  readonly #variables: Map<string, Value>;

  constructor(parent: Scope | null, variables: Iterable<readonly [string, Value]> = []) {
    this.#parent = parent;
    this.#variables = new Map(variables);
  }

  get(name: string): Value {
    let value = this.#variables.get(name);
    for (let scope = this.#parent; value === undefined && scope !== null; scope = scope.#parent) {
      value = scope.#variables.get(name);
    }
    return value === undefined ? new Undefined(`'${name}' is undefined`) : value;
  }

  set(name: string, value: Value): void {
    this.#variables.set(name, value);
  }
}
