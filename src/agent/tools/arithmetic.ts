/**
 * Arithmetic as people write it: + - * / % ^, parentheses, signs, sqrt and the like; × and ÷ too. A
 * recursive descent over the text; nothing of it is run as code.
 */

/** Nesting beyond it is refused, so that no text exhausts the stack. */
const MAX_DEPTH = 64;
const MAX_LENGTH = 1000;

const FUNCTIONS: Readonly<Record<string, (value: number) => number>> = {
  sqrt: Math.sqrt,
  abs: Math.abs,
  round: Math.round,
  floor: Math.floor,
  ceil: Math.ceil,
  ln: Math.log,
  log: Math.log10,
};

/** The value, or what is wrong with the text. */
export function evaluateArithmetic(text: string): { readonly value: number } | { readonly problem: string } {
  if (text.length > MAX_LENGTH) return { problem: `it is longer than ${MAX_LENGTH} characters` };
  const parser = new ArithmeticParser(text);
  try {
    const value = parser.parse();
    return Number.isFinite(value) ? { value } : { problem: "the result is no finite number" };
  } catch (error) {
    if (error instanceof ArithmeticProblem) return { problem: error.message };
    throw error;
  }
}

class ArithmeticProblem extends SyntaxError {}

class ArithmeticParser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    const plain = text.replaceAll("×", "*").replaceAll("÷", "/").replaceAll("−", "-").replaceAll("**", "^");
    // Digits may be grouped: "1,234.5".
    this.#tokens = plain.match(/\d[\d,]*\.?\d*(?:e[+-]?\d+)?|\.\d+|[a-z]+|\S/gi) ?? [];
  }

  parse(): number {
    const value = this.#sum();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new ArithmeticProblem(`${JSON.stringify(rest)} is not expected`);
    return value;
  }

  #take(...wanted: readonly string[]): string | null {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return null;
    this.#at += 1;
    return token;
  }

  #sum(): number {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign !== null; sign = this.#take("+", "-")) {
      const right = this.#product();
      value = sign === "+" ? value + right : value - right;
    }
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let sign = this.#take("*", "/", "%"); sign !== null; sign = this.#take("*", "/", "%")) {
      const right = this.#signed();
      if (sign !== "*" && right === 0) throw new ArithmeticProblem("it divides by zero");
      value = sign === "*" ? value * right : sign === "/" ? value / right : value % right;
    }
    return value;
  }

  /** -2^2 is -(2^2). */
  #signed(): number {
    if (this.#take("+") !== null) return this.#nested(() => this.#signed());
    if (this.#take("-") !== null) return -this.#nested(() => this.#signed());
    const base = this.#atom();
    return this.#take("^") === null ? base : base ** this.#nested(() => this.#signed());
  }

  #atom(): number {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new ArithmeticProblem("it ends too early");
    this.#at += 1;
    if (token === "(") return this.#closed();
    const apply = Object.hasOwn(FUNCTIONS, token.toLowerCase()) ? FUNCTIONS[token.toLowerCase()] : undefined;
    if (apply !== undefined) {
      if (this.#take("(") === null) throw new ArithmeticProblem(`${token} needs parentheses`);
      return apply(this.#closed());
    }
    const value = Number(token.replaceAll(",", ""));
    if (Number.isNaN(value)) throw new ArithmeticProblem(`${JSON.stringify(token)} is no number`);
    return value;
  }

  #closed(): number {
    const value = this.#nested(() => this.#sum());
    if (this.#take(")") === null) throw new ArithmeticProblem("a parenthesis is not closed");
    return value;
  }

  #nested(parse: () => number): number {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new ArithmeticProblem(`it nests deeper than ${MAX_DEPTH}`);
    const value = parse();
    this.#depth -= 1;
    return value;
  }
}
