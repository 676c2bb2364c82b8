/**
 * A parsed Jinja template and the bounds within which it runs. The one file that knows
 * `@huggingface/jinja`; chat messages are not known here.
 */

import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";

import { fail, TurnwiseError } from "../../base/errors.ts";
import { TEMPLATE_LIMITS, type TemplateLimits } from "./limits.ts";
import { strftime } from "./strftime.ts";

export interface JinjaProgram {
  /** Throws `template_failed`. `now` is what strftime_now shows. */
  run(variables: Readonly<Record<string, unknown>>, now: Date): string;
}

/** Throws `template_invalid`. */
export function parseJinja(source: string, limits: TemplateLimits = TEMPLATE_LIMITS): JinjaProgram {
  if (source.length > limits.sourceUnits) {
    const reason = `it has ${source.length} characters; at most ${limits.sourceUnits} are read.`;
    fail("template_invalid", { reason });
  }
  const program = parseSource(source);
  return {
    run(variables, now) {
      const text = guarded(() => {
        const environment = new JinjaEnvironmentClass();
        const all = { ...variables, ...globals(now, limits) };
        for (const [name, value] of Object.entries(all)) environment.set(name, value);
        return new BoundedInterpreter(environment, limits.steps).run(program).value;
      });
      if (typeof text !== "string") return refuse("it gave no text");
      if (text.length > limits.outputUnits) return refuse("its text is too long");
      return text;
    },
  };
}

/**
 * The part of the interpreter that is used here. The package's own declarations import their neighbours
 * without a file extension, which TypeScript does not resolve for ESM.
 */
interface JinjaInterpreter {
  run(program: JinjaSyntaxTree): { readonly value: unknown };
  /** Evaluates one node; the interpreter calls it for every node below. */
  evaluate(node: JinjaNode | undefined, environment: unknown): unknown;
}
interface JinjaNode {
  readonly type: string;
  /** Of a loop. */
  readonly body?: JinjaNode[];
}
interface JinjaEnvironment {
  set(name: string, value: unknown): unknown;
}
type JinjaSyntaxTree = { readonly type: "Program" };

const JinjaEnvironmentClass = Environment as unknown as new () => JinjaEnvironment;
const JinjaInterpreterClass = Interpreter as unknown as new (environment: JinjaEnvironment) => JinjaInterpreter;

/** Stops a template that evaluates more nodes than any conversation needs. */
class BoundedInterpreter extends JinjaInterpreterClass {
  #stepsLeft: number;

  constructor(environment: JinjaEnvironment, steps: number) {
    super(environment);
    this.#stepsLeft = steps;
  }

  override evaluate(node: JinjaNode | undefined, environment: unknown): unknown {
    this.#stepsLeft -= 1;
    // A loop with nothing in it evaluates no node; a comment makes its turns count.
    if (node?.type === "For" && node.body?.length === 0) node.body.push({ type: "Comment" });
    if (this.#stepsLeft < 0) refuse("it runs for too long");
    return super.evaluate(node, environment);
  }
}

/** What Hugging Face's apply_chat_template gives to every template. */
function globals(now: Date, limits: TemplateLimits): Readonly<Record<string, unknown>> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range: (...args: readonly unknown[]) => range(args, limits.rangeItems),
    raise_exception: (message: unknown) => refuse(typeof message === "string" ? message : "it raised an exception"),
    strftime_now: (format: unknown) => strftime(now, String(format)),
  };
}

function range(args: readonly unknown[], maxItems: number): readonly number[] {
  const numbers = args.filter((value) => typeof value === "number");
  const [first = 0, second, step = 1] = numbers;
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) return refuse("range() has a step of 0");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > maxItems) return refuse(`range() has more than ${maxItems} items`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function refuse(reason: string): never {
  return fail("template_failed", { reason });
}

function parseSource(source: string): JinjaSyntaxTree {
  try {
    // Both as in apply_chat_template: a line that only holds a statement leaves nothing behind.
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (error) {
    throw new TurnwiseError("template_invalid", { reason: reasonOf(error) }, error);
  }
}

/** The interpreter's own errors, and a stack or string that grew too large, as `template_failed`. */
function guarded<T>(render: () => T): T {
  try {
    return render();
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    throw new TurnwiseError("template_failed", { reason: reasonOf(error) }, error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
