/** Templates as trees. */

import type { Value } from "./values.ts";

export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly (readonly [name: string, value: Expression])[];
  /** *values and **values. */
  readonly spread: Expression | null;
  readonly keywordSpread: Expression | null;
}

export type Expression =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly kind: "item"; readonly object: Expression; readonly key: Expression }
  | {
      readonly kind: "slice";
      readonly object: Expression;
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    }
  | { readonly kind: "call"; readonly callee: Expression; readonly args: Arguments }
  | FilterExpression
  | { readonly kind: "test"; readonly name: string; readonly target: Expression; readonly args: Arguments }
  | { readonly kind: "unary"; readonly operator: "-" | "+"; readonly operand: Expression }
  | { readonly kind: "not"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: CompareOperator, right: Expression])[];
    }
  | { readonly kind: "concat"; readonly parts: readonly Expression[] }
  | {
      readonly kind: "conditional";
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | null;
    };

/** `target` is null where a block's text is filtered. */
export interface FilterExpression {
  readonly kind: "filter";
  readonly name: string;
  readonly target: Expression | null;
  readonly args: Arguments;
}

/** What may be assigned to: names, a namespace's attributes, and tuples of these. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "namespace"; readonly name: string; readonly attribute: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly byDefault: Expression | null;
}

export type Statement =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly value: Expression }
  | { readonly kind: "if"; readonly test: Expression; readonly body: Body; readonly otherwise: Body }
  | ForStatement
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: "set-block";
      readonly target: Target;
      readonly filter: FilterExpression | null;
      readonly body: Body;
    }
  | MacroStatement
  /** `call` is the macro's call; `caller` is the block as a macro. */
  | {
      readonly kind: "call-block";
      readonly call: Expression & { readonly kind: "call" };
      readonly caller: MacroStatement;
    }
  | { readonly kind: "filter-block"; readonly filter: FilterExpression; readonly body: Body }
  | {
      readonly kind: "with";
      readonly assignments: readonly (readonly [target: Target, value: Expression])[];
      readonly body: Body;
    }
  | { readonly kind: "break" | "continue" };

export interface ForStatement {
  readonly kind: "for";
  readonly target: Target;
  readonly iterable: Expression;
  /** Items for which it is false are passed over. */
  readonly condition: Expression | null;
  readonly recursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
}

export interface MacroStatement {
  readonly kind: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Of `varargs`, `kwargs` and `caller`, what the body names: only that is taken beyond the parameters. */
  readonly extras: ReadonlySet<string>;
  readonly body: Body;
}

export type Body = readonly Statement[];
