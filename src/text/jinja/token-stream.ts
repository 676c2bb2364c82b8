/** The place in a template's tokens that the parser is at. */

import type { Token } from "./lexer.ts";
import { JinjaSyntaxError } from "./syntax-error.ts";

/** Deepest nesting of statements and expressions; the deepest of known templates have 15. */
const MAX_DEPTH = 200;

export class TokenStream {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token | null {
    return this.#tokens[this.#index] ?? null;
  }

  /** Marks a place for `namesSince`. */
  get position(): number {
    return this.#index;
  }

  /** Names between a place and the current token. */
  namesSince(position: number): ReadonlySet<string> {
    const names = this.#tokens.slice(position, this.#index).filter(({ kind }) => kind === "name");
    return new Set(names.map(({ value }) => String(value)));
  }

  /** The token after the current one. */
  get following(): Token | null {
    return this.#tokens[this.#index + 1] ?? null;
  }

  advance(): Token {
    const token = this.current;
    if (token === null) return this.fail("unexpected end of template");
    this.#index += 1;
    return token;
  }

  isSymbol(...values: readonly string[]): boolean {
    return this.current?.kind === "symbol" && values.includes(this.current.value);
  }

  isName(...values: readonly string[]): boolean {
    return this.current?.kind === "name" && values.includes(this.current.value);
  }

  takeSymbol(value: string): boolean {
    if (!this.isSymbol(value)) return false;
    this.#index += 1;
    return true;
  }

  takeName(value: string): boolean {
    if (!this.isName(value)) return false;
    this.#index += 1;
    return true;
  }

  expectSymbol(value: string): void {
    if (!this.takeSymbol(value)) this.unexpected(`'${value}'`);
  }

  expectName(): string {
    const token = this.current;
    if (token?.kind !== "name") return this.unexpected("a name");
    this.#index += 1;
    return token.value;
  }

  /** Runs `parse` one level deeper. */
  nest<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.fail(`it nests deeper than ${MAX_DEPTH}`);
    const parsed = parse();
    this.#depth -= 1;
    return parsed;
  }

  unexpected(wanted: string): never {
    const token = this.current;
    return this.fail(
      token === null ? `unexpected end of template, expected ${wanted}` : `expected ${wanted}, got '${token.value}'`,
    );
  }

  fail(message: string): never {
    throw new JinjaSyntaxError(message, (this.current ?? this.#tokens.at(-1))?.line ?? 1);
  }
}
