/**
 * Expressions, with Jinja's precedence, which is not quite Python's: ~ binds stronger than +, and a
 * filter or a test stronger than any operator.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#expressions
 */

import { unreachable } from "../../base/invariant.ts";
import type { Arguments, BinaryOperator, CompareOperator, Expression, FilterExpression } from "./ast.ts";
import { hasFilter } from "./filters/table.ts";
import { hasTest } from "./tests.ts";
import { isTupleEnd } from "./parse-target.ts";
import type { TokenStream } from "./token-stream.ts";
import { JinjaFloat } from "./values.ts";

export const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], spread: null, keywordSpread: null };

/** One expression without commas. */
export function parseExpression(stream: TokenStream): Expression {
  return stream.nest(() => {
    let expression = parseOr(stream);
    while (stream.takeName("if")) {
      const test = parseOr(stream);
      const otherwise = stream.takeName("else") ? parseExpression(stream) : null;
      expression = { kind: "conditional", test, value: expression, otherwise };
    }
    return expression;
  });
}

/** An expression, or several with commas, which are a tuple. `conditional`: an "if" belongs to it. */
export function parseTuple(stream: TokenStream, conditional = true): Expression {
  const parse = conditional ? parseExpression : parseOr;
  const first = parse(stream);
  if (!stream.isSymbol(",")) return first;
  const items = [first];
  while (stream.takeSymbol(",")) {
    if (isTupleEnd(stream)) break;
    items.push(parse(stream));
  }
  return { kind: "tuple", items };
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream);
  while (stream.takeName("or")) left = { kind: "or", left, right: parseAnd(stream) };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream);
  while (stream.takeName("and")) left = { kind: "and", left, right: parseNot(stream) };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (!stream.takeName("not")) return parseCompare(stream);
  return stream.nest(() => ({ kind: "not", operand: parseNot(stream) }));
}

function parseCompare(stream: TokenStream): Expression {
  const first = parseSum(stream);
  const rest: (readonly [CompareOperator, Expression])[] = [];
  for (let operator = takeCompare(stream); operator !== null; operator = takeCompare(stream)) {
    rest.push([operator, parseSum(stream)]);
  }
  return rest.length === 0 ? first : { kind: "compare", first, rest };
}

function takeCompare(stream: TokenStream): CompareOperator | null {
  for (const operator of ["==", "!=", "<", "<=", ">", ">="] as const) {
    if (stream.takeSymbol(operator)) return operator;
  }
  if (stream.takeName("in")) return "in";
  if (!stream.isName("not") || stream.following?.value !== "in") return null;
  stream.advance();
  stream.advance();
  return "not in";
}

/** Left-associative operators of one precedence over operands of the next. */
function parseBinary(
  stream: TokenStream,
  operators: readonly BinaryOperator[],
  parseOperand: (stream: TokenStream) => Expression,
): Expression {
  let left = parseOperand(stream);
  for (;;) {
    const operator = operators.find((symbol) => stream.takeSymbol(symbol));
    if (operator === undefined) return left;
    left = { kind: "binary", operator, left, right: parseOperand(stream) };
  }
}

function parseSum(stream: TokenStream): Expression {
  return parseBinary(stream, ["+", "-"], parseConcat);
}

function parseConcat(stream: TokenStream): Expression {
  const parts = [parseProduct(stream)];
  while (stream.takeSymbol("~")) parts.push(parseProduct(stream));
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : { kind: "concat", parts };
}

function parseProduct(stream: TokenStream): Expression {
  return parseBinary(stream, ["*", "/", "//", "%"], parsePower);
}

function parsePower(stream: TokenStream): Expression {
  return parseBinary(stream, ["**"], (operand) => parseUnary(operand, true));
}

function parseUnary(stream: TokenStream, withFilters: boolean): Expression {
  const operator = stream.isSymbol("-") ? "-" : stream.isSymbol("+") ? "+" : null;
  let expression: Expression;
  if (operator === null) {
    expression = parsePrimary(stream);
  } else {
    stream.advance();
    expression = { kind: "unary", operator, operand: stream.nest(() => parseUnary(stream, false)) };
  }
  expression = parsePostfix(stream, expression);
  return withFilters ? parseFilters(stream, expression) : expression;
}

function parsePrimary(stream: TokenStream): Expression {
  const token = stream.current;
  switch (token?.kind) {
    case undefined:
    case "text":
      return stream.unexpected("an expression");
    case "name":
      stream.advance();
      return parseName(token.value);
    case "string": {
      let value = "";
      while (stream.current?.kind === "string") value += stream.advance().value;
      return { kind: "literal", value };
    }
    case "integer":
      stream.advance();
      return { kind: "literal", value: token.value };
    case "float":
      stream.advance();
      return { kind: "literal", value: new JinjaFloat(token.value) };
    case "symbol":
      if (stream.takeSymbol("(")) return parseParentheses(stream);
      if (stream.takeSymbol("[")) return { kind: "list", items: parseItems(stream, "]") };
      if (stream.takeSymbol("{")) return parseDict(stream);
      return stream.unexpected("an expression");
    default:
      return unreachable(token);
  }
}

function parseName(name: string): Expression {
  switch (name) {
    case "true":
    case "True":
      return { kind: "literal", value: true };
    case "false":
    case "False":
      return { kind: "literal", value: false };
    case "none":
    case "None":
      return { kind: "literal", value: null };
    default:
      return { kind: "name", name };
  }
}

function parseParentheses(stream: TokenStream): Expression {
  if (stream.takeSymbol(")")) return { kind: "tuple", items: [] };
  const expression = parseTuple(stream);
  stream.expectSymbol(")");
  return expression;
}

function parseItems(stream: TokenStream, close: string): readonly Expression[] {
  const items: Expression[] = [];
  while (!stream.takeSymbol(close)) {
    items.push(parseExpression(stream));
    if (!stream.isSymbol(close)) stream.expectSymbol(",");
  }
  return items;
}

function parseDict(stream: TokenStream): Expression {
  const entries: (readonly [Expression, Expression])[] = [];
  while (!stream.takeSymbol("}")) {
    const key = parseExpression(stream);
    stream.expectSymbol(":");
    entries.push([key, parseExpression(stream)]);
    if (!stream.isSymbol("}")) stream.expectSymbol(",");
  }
  return { kind: "dict", entries };
}

/** Attributes, items and calls. */
function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let expression = start;
  for (;;) {
    if (stream.takeSymbol(".")) expression = parseAttribute(stream, expression);
    else if (stream.takeSymbol("[")) expression = parseSubscript(stream, expression);
    else if (stream.isSymbol("(")) expression = { kind: "call", callee: expression, args: parseArguments(stream) };
    else return expression;
  }
}

function parseAttribute(stream: TokenStream, object: Expression): Expression {
  const token = stream.advance();
  if (token.kind === "name") return { kind: "attribute", object, name: token.value };
  if (token.kind === "integer") return { kind: "item", object, key: { kind: "literal", value: token.value } };
  return stream.fail("expected name or number");
}

function parseSubscript(stream: TokenStream, object: Expression): Expression {
  const parts: (Expression | null)[] = [];
  let isSlice = false;
  for (; parts.length < 3; isSlice = true) {
    parts.push(stream.isSymbol(":", "]") ? null : parseTuple(stream));
    if (!stream.takeSymbol(":")) break;
  }
  stream.expectSymbol("]");
  const [start = null, stop = null, step = null] = parts;
  if (isSlice) return { kind: "slice", object, start, stop, step };
  return start === null ? stream.unexpected("an expression") : { kind: "item", object, key: start };
}

export function parseArguments(stream: TokenStream): Arguments {
  stream.expectSymbol("(");
  const positional: Expression[] = [];
  const keywords: (readonly [string, Expression])[] = [];
  let spread: Expression | null = null;
  let keywordSpread: Expression | null = null;
  while (!stream.takeSymbol(")")) {
    if (keywordSpread !== null) stream.fail("invalid syntax for function call expression");
    if (stream.takeSymbol("*")) {
      if (spread !== null) stream.fail("invalid syntax for function call expression");
      spread = parseExpression(stream);
    } else if (stream.takeSymbol("**")) {
      keywordSpread = parseExpression(stream);
    } else if (
      stream.current?.kind === "name" &&
      stream.following?.kind === "symbol" &&
      stream.following.value === "="
    ) {
      const name = stream.expectName();
      stream.advance();
      keywords.push([name, parseExpression(stream)]);
    } else {
      if (keywords.length > 0 || spread !== null) stream.fail("invalid syntax for function call expression");
      positional.push(parseExpression(stream));
    }
    if (!stream.isSymbol(")")) stream.expectSymbol(",");
  }
  return { positional, keywords, spread, keywordSpread };
}

function parseFilters(stream: TokenStream, start: Expression): Expression {
  let expression = start;
  for (;;) {
    if (stream.isSymbol("|")) expression = parseFilter(stream, expression);
    else if (stream.takeName("is")) expression = parseTest(stream, expression);
    // Calls a filter's result, as in "x | f (y)" they are the filter's arguments already.
    else if (stream.isSymbol("(")) expression = { kind: "call", callee: expression, args: parseArguments(stream) };
    else return expression;
  }
}

/** "| name(...)"; of a filter block the first bar is absent. */
export function parseFilter(stream: TokenStream, target: Expression | null): FilterExpression {
  stream.takeSymbol("|");
  const name = parseDottedName(stream);
  if (!hasFilter(name)) stream.fail(`No filter named '${name}'.`);
  const args = stream.isSymbol("(") ? parseArguments(stream) : NO_ARGUMENTS;
  return { kind: "filter", name, target, args };
}

/** Several filters over a block's text. */
export function parseBlockFilters(stream: TokenStream): FilterExpression {
  let filter = parseFilter(stream, null);
  while (stream.isSymbol("|")) filter = parseFilter(stream, filter);
  return filter;
}

function parseDottedName(stream: TokenStream): string {
  let name = stream.expectName();
  while (stream.takeSymbol(".")) name += `.${stream.expectName()}`;
  return name;
}

function parseTest(stream: TokenStream, target: Expression): Expression {
  const negated = stream.takeName("not");
  const name = parseDottedName(stream);
  if (!hasTest(name)) stream.fail(`No test named '${name}'.`);
  const test: Expression = { kind: "test", name, target, args: parseTestArguments(stream) };
  return negated ? { kind: "not", operand: test } : test;
}

/** In parentheses, or one operand without: "is divisibleby 3". */
function parseTestArguments(stream: TokenStream): Arguments {
  if (stream.isSymbol("(")) return parseArguments(stream);
  const { current } = stream;
  const isOperand = current !== null && (current.kind !== "symbol" || stream.isSymbol("[", "{"));
  if (!isOperand || current.kind === "text" || stream.isName("else", "or", "and", "if", "in", "not"))
    return NO_ARGUMENTS;
  if (stream.isName("is")) stream.fail("You cannot chain multiple tests with is");
  return { ...NO_ARGUMENTS, positional: [parsePostfix(stream, parsePrimary(stream))] };
}
