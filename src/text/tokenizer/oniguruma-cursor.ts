/** A place in a pattern that is being read. */

export class OnigurumaCursor {
  readonly #source: string;
  readonly refuse: (reason: string) => never;
  #index = 0;

  constructor(source: string, refuse: (reason: string) => never) {
    this.#source = source;
    this.refuse = refuse;
  }

  get done(): boolean {
    return this.#index >= this.#source.length;
  }

  peek(): string {
    return this.#source.charAt(this.#index);
  }

  rest(units: number): string {
    return this.#source.slice(this.#index, this.#index + units);
  }

  skip(units: number): void {
    this.#index += units;
  }

  /** Passes over `text` if it is next. */
  take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#index)) return false;
    this.#index += text.length;
    return true;
  }

  /** The next character. */
  next(): string {
    const point = this.#source.codePointAt(this.#index);
    if (point === undefined) return this.refuse("it ends too early");
    const character = String.fromCodePoint(point);
    this.#index += character.length;
    return character;
  }
}
