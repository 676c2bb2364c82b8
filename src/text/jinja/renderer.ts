/** Runs statements; what they print goes to an output. Expressions are `evaluator.ts`. */

import { unreachable } from "../../base/invariant.ts";
import type { Body, FilterExpression, ForStatement, MacroStatement, Parameter, Statement, Target } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { Evaluator } from "./evaluator.ts";
import { LoopContext } from "./loop-context.ts";
import { Output } from "./output.ts";
import { Scope } from "./scope.ts";
import { toText } from "./text-form.ts";
import {
  Callable,
  type CallArguments,
  Dict,
  isTrue,
  itemsOf,
  JinjaError,
  Namespace,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

/** How a body ended. */
type Outcome = "done" | "break" | "continue";

/** Macros and recursive loops in each other; Python ends at about 300. */
const MAX_CALLS = 250;

export class Renderer {
  readonly #budget: Budget;
  readonly #evaluator: Evaluator;
  #calls = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#evaluator = new Evaluator(budget);
  }

  /** The text of a whole template. Throws JinjaError. */
  render(body: Body, scope: Scope): string {
    const output = new Output(this.#budget);
    this.#run(body, scope, output);
    return output.take();
  }

  #run(body: Body, scope: Scope, output: Output): Outcome {
    for (const statement of body) {
      const outcome = this.#statement(statement, scope, output);
      if (outcome !== "done") return outcome;
    }
    return "done";
  }

  #statement(statement: Statement, scope: Scope, output: Output): Outcome {
    this.#budget.step();
    switch (statement.kind) {
      case "text":
        output.push(statement.text);
        return "done";
      case "output":
        output.push(toText(this.#evaluator.evaluate(statement.value, scope), this.#budget));
        return "done";
      case "if": {
        const branch = isTrue(this.#evaluator.evaluate(statement.test, scope)) ? statement.body : statement.otherwise;
        return this.#run(branch, scope, output);
      }
      case "for":
        this.#for(statement, this.#evaluator.evaluate(statement.iterable, scope), scope, output, 0);
        return "done";
      case "set":
        this.#assign(statement.target, this.#evaluator.evaluate(statement.value, scope), scope);
        return "done";
      case "set-block":
        this.#assign(statement.target, this.#block(statement.body, statement.filter, scope), scope);
        return "done";
      case "macro":
        scope.set(statement.name, this.#macro(statement, scope));
        return "done";
      case "call-block":
        output.push(toText(this.#callBlock(statement, scope), this.#budget));
        return "done";
      case "filter-block":
        output.push(toText(this.#block(statement.body, statement.filter, scope), this.#budget));
        return "done";
      case "with":
        return this.#with(statement, scope, output);
      case "break":
      case "continue":
        return statement.kind;
      default:
        return unreachable(statement);
    }
  }

  #with(statement: Extract<Statement, { readonly kind: "with" }>, scope: Scope, output: Output): Outcome {
    const inner = new Scope(scope);
    for (const [target, value] of statement.assignments)
      this.#assign(target, this.#evaluator.evaluate(value, scope), inner);
    return this.#run(statement.body, inner, output);
  }

  /** The text of a block, filtered where it is to be. */
  #block(body: Body, filter: FilterExpression | null, scope: Scope): Value {
    const text = this.render(body, new Scope(scope));
    return filter === null ? text : this.#evaluator.filter(filter, text, scope);
  }

  #for(statement: ForStatement, iterable: Value, scope: Scope, output: Output, depth: number): void {
    const items = this.#loopItems(statement, iterable, scope);
    const recurse = (args: CallArguments): Value =>
      this.#nested(() => {
        const inner = new Output(this.#budget);
        this.#for(statement, args.positional[0] ?? null, scope, inner, depth + 1);
        return inner.take();
      });
    const loop = new LoopContext(items, depth, this.#budget, statement.recursive ? recurse : null);
    for (const [index, item] of items.entries()) {
      this.#budget.step();
      loop.advance(index);
      const inner = new Scope(scope, [["loop", loop.value]]);
      this.#assign(statement.target, item, inner);
      if (this.#run(statement.body, inner, output) === "break") break;
    }
    if (items.length === 0) this.#run(statement.otherwise, new Scope(scope), output);
  }

  #loopItems({ target, condition }: ForStatement, iterable: Value, scope: Scope): readonly Value[] {
    const items = itemsOf(iterable, this.#budget);
    if (condition === null) return items;
    return items.filter((item) => {
      const inner = new Scope(scope);
      this.#assign(target, item, inner);
      return isTrue(this.#evaluator.evaluate(condition, inner));
    });
  }

  #macro(statement: MacroStatement, scope: Scope): Callable {
    return new Callable(statement.name, (args) =>
      this.#nested(() => {
        const inner = new Scope(scope);
        this.#bindParameters(statement, args, inner);
        return this.render(statement.body, inner);
      }),
    );
  }

  /** A parameter without a value is undefined; what is left over is `varargs` and `kwargs`. */
  #bindParameters({ name, parameters, extras }: MacroStatement, args: CallArguments, scope: Scope): void {
    const keywords = new Map(args.keywords);
    for (const [index, parameter] of parameters.entries()) {
      const named = keywords.get(parameter.name);
      if (named !== undefined && index < args.positional.length) {
        throw new JinjaError(`macro '${name}' got multiple values for argument '${parameter.name}'`);
      }
      keywords.delete(parameter.name);
      const given = index < args.positional.length ? args.positional[index] : named;
      scope.set(parameter.name, given === undefined ? this.#byDefault(parameter, scope) : given);
    }
    if (extras.has("caller")) scope.set("caller", keywords.get("caller") ?? new Undefined("No caller defined"));
    if (extras.has("caller")) keywords.delete("caller");
    const [unknown] = keywords.keys();
    if (extras.has("kwargs")) scope.set("kwargs", new Dict(keywords, this.#budget));
    else if (unknown !== undefined) throw new JinjaError(`macro '${name}' takes no keyword argument '${unknown}'`);
    if (extras.has("varargs")) scope.set("varargs", new Tuple(args.positional.slice(parameters.length)));
    else if (args.positional.length > parameters.length) {
      throw new JinjaError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    }
  }

  #byDefault({ name, byDefault }: Parameter, scope: Scope): Value {
    if (byDefault !== null) return this.#evaluator.evaluate(byDefault, scope);
    return new Undefined(`parameter '${name}' was not provided`);
  }

  #callBlock({ call, caller }: Extract<Statement, { readonly kind: "call-block" }>, scope: Scope): Value {
    const args = this.#evaluator.callArguments(call.args, scope);
    const keywords = new Map([...args.keywords, ["caller", this.#macro(caller, scope)] as const]);
    return this.#evaluator.call(this.#evaluator.evaluate(call.callee, scope), { ...args, keywords });
  }

  #nested<T>(run: () => T): T {
    this.#calls += 1;
    if (this.#calls > MAX_CALLS) throw new JinjaError("maximum recursion depth exceeded");
    try {
      return run();
    } finally {
      this.#calls -= 1;
    }
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    switch (target.kind) {
      case "name":
        scope.set(target.name, value);
        return;
      case "namespace": {
        const owner = scope.get(target.name);
        if (!(owner instanceof Namespace)) throw new JinjaError("cannot assign attribute on non-namespace object");
        owner.fields.set(target.attribute, value);
        return;
      }
      case "tuple": {
        const items = itemsOf(value, this.#budget);
        const wanted = target.items.length;
        if (items.length < wanted) {
          throw new JinjaError(`not enough values to unpack (expected ${wanted}, got ${items.length})`);
        }
        if (items.length > wanted) throw new JinjaError(`too many values to unpack (expected ${wanted})`);
        for (const [index, part] of target.items.entries()) this.#assign(part, items[index] ?? null, scope);
        return;
      }
      default:
        unreachable(target);
    }
  }
}
