/** Statements. Tags that reach outside of one template (include, import, extends, block) are refused. */

import type { Body, Expression, FilterExpression, MacroStatement, Parameter, Statement, Target } from "./ast.ts";
import { tokenize } from "./lexer.ts";
import { parseBlockFilters, parseExpression, parseTuple } from "./parse-expression.ts";
import { parseTarget } from "./parse-target.ts";
import { TokenStream } from "./token-stream.ts";

/** Throws JinjaSyntaxError. */
export function parseTemplate(source: string): Body {
  const stream = new TokenStream(tokenize(source));
  const body = parseBody(stream, []);
  if (stream.current !== null) stream.unexpected("the end");
  return body;
}

/** Statements up to a tag whose name is one of `ends`, whose "{%" is passed then and whose name is not. */
function parseBody(stream: TokenStream, ends: readonly string[]): Body {
  return stream.nest(() => {
    const body: Statement[] = [];
    for (;;) {
      const token = stream.current;
      if (token === null) {
        if (ends.length > 0) stream.unexpected(ends.map((end) => `'${end}'`).join(" or "));
        return body;
      }
      stream.advance();
      if (token.kind === "text") {
        body.push({ kind: "text", text: token.value });
      } else if (token.value === "{{") {
        body.push({ kind: "output", value: parseTuple(stream) });
        stream.expectSymbol("}}");
      } else {
        if (stream.isName(...ends)) return body;
        body.push(...parseStatement(stream));
      }
    }
  });
}

/** The body of a tag that was read, up to `end`, which is passed. */
function parseBlock(stream: TokenStream, end: string): Body {
  stream.expectSymbol("%}");
  const body = parseBody(stream, [end]);
  stream.advance();
  stream.expectSymbol("%}");
  return body;
}

/** What the tag stands for; a tag that only wraps others gives those. */
function parseStatement(stream: TokenStream): Body {
  const name = stream.expectName();
  switch (name) {
    case "if":
      return [parseIf(stream)];
    case "for":
      return [parseFor(stream)];
    case "set":
      return [parseSet(stream)];
    case "macro":
      return [parseMacro(stream)];
    case "call":
      return [parseCallBlock(stream)];
    case "filter": {
      const filter = parseBlockFilters(stream);
      return [{ kind: "filter-block", filter, body: parseBlock(stream, "endfilter") }];
    }
    case "with":
      return [parseWith(stream)];
    case "generation":
      // Marks for training which text is the model's; a scope of its own in Python, as a with block is.
      return [{ kind: "with", assignments: [], body: parseBlock(stream, "endgeneration") }];
    case "break":
    case "continue":
      stream.expectSymbol("%}");
      return [{ kind: name }];
    default:
      return stream.fail(`Encountered unknown tag '${name}'.`);
  }
}

function parseIf(stream: TokenStream): Statement {
  const test = parseTuple(stream, false);
  stream.expectSymbol("%}");
  const body = parseBody(stream, ["elif", "else", "endif"]);
  if (stream.takeName("elif")) return { kind: "if", test, body, otherwise: [stream.nest(() => parseIf(stream))] };
  return { kind: "if", test, body, otherwise: parseElse(stream, "endif") };
}

/** From "else" or `end`, whose "{%" was read, to the tag's end. */
function parseElse(stream: TokenStream, end: string): Body {
  if (stream.takeName("else")) return parseBlock(stream, end);
  stream.advance();
  stream.expectSymbol("%}");
  return [];
}

function parseFor(stream: TokenStream): Statement {
  const target = parseTarget(stream);
  if (!stream.takeName("in")) stream.unexpected("'in'");
  const iterable = parseTuple(stream, false);
  const condition = stream.takeName("if") ? parseExpression(stream) : null;
  const recursive = stream.takeName("recursive");
  stream.expectSymbol("%}");
  const body = parseBody(stream, ["endfor", "else"]);
  return { kind: "for", target, iterable, condition, recursive, body, otherwise: parseElse(stream, "endfor") };
}

function parseSet(stream: TokenStream): Statement {
  const target = parseTarget(stream);
  if (stream.takeSymbol("=")) {
    const value = parseTuple(stream);
    stream.expectSymbol("%}");
    return { kind: "set", target, value };
  }
  const filter: FilterExpression | null = stream.isSymbol("|") ? parseBlockFilters(stream) : null;
  return { kind: "set-block", target, filter, body: parseBlock(stream, "endset") };
}

function parseMacro(stream: TokenStream): MacroStatement {
  const name = stream.expectName();
  const parameters = parseParameters(stream);
  const start = stream.position;
  const body = parseBlock(stream, "endmacro");
  return { kind: "macro", name, parameters, extras: stream.namesSince(start), body };
}

function parseParameters(stream: TokenStream): readonly Parameter[] {
  const parameters: Parameter[] = [];
  stream.expectSymbol("(");
  while (!stream.takeSymbol(")")) {
    const name = stream.expectName();
    const byDefault = stream.takeSymbol("=") ? parseExpression(stream) : null;
    if (byDefault === null && parameters.at(-1)?.byDefault)
      stream.fail("non-default argument follows default argument");
    parameters.push({ name, byDefault });
    if (!stream.isSymbol(")")) stream.expectSymbol(",");
  }
  return parameters;
}

function parseCallBlock(stream: TokenStream): Statement {
  const parameters = stream.isSymbol("(") ? parseParameters(stream) : [];
  const call = parseExpression(stream);
  if (call.kind !== "call") return stream.fail("expected call");
  const start = stream.position;
  const body = parseBlock(stream, "endcall");
  const caller: MacroStatement = { kind: "macro", name: "caller", parameters, extras: stream.namesSince(start), body };
  return { kind: "call-block", call, caller };
}

function parseWith(stream: TokenStream): Statement {
  const assignments: (readonly [Target, Expression])[] = [];
  while (!stream.isSymbol("%}")) {
    if (assignments.length > 0) stream.expectSymbol(",");
    const target = parseTarget(stream);
    stream.expectSymbol("=");
    assignments.push([target, parseExpression(stream)]);
  }
  return { kind: "with", assignments, body: parseBlock(stream, "endwith") };
}
