/**
 * Filters over lists, dictionaries and what else can be looped over.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#builtin-filters
 */

import { bind, toInteger } from "../arguments.ts";
import type { Budget } from "../budget.ts";
import { characterAt, characterCount, charactersOf } from "../characters.ts";
import { applyBinary, areEqual, concatenate, order } from "../operators.ts";
import { splitBy } from "../string-methods.ts";
import { applyTest } from "../tests.ts";
import { toText } from "../text-form.ts";
import {
  type CallArguments,
  Dict,
  findItems,
  Generator,
  hashOf,
  isString,
  isTrue,
  itemsOf,
  JinjaError,
  Markup,
  pairsOf,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../values.ts";
import { attributeReader, type Filter } from "./filter.ts";

function counted(value: Value, budget: Budget): readonly Value[] {
  const items = itemsOf(value, budget);
  budget.step(items.length);
  return items;
}

/** As `select` and `map` have it: nothing for what is false. */
function looped(value: Value, budget: Budget): readonly Value[] {
  return isTrue(value) ? counted(value, budget) : [];
}

/** Without regard to case unless asked for. */
function caseKey(value: Value, caseSensitive: Value, budget: Budget): Value {
  if (!isString(value) || isTrue(caseSensitive)) return value;
  budget.scan(textOf(value).length);
  budget.copy(textOf(value).length);
  return textOf(value).toLowerCase();
}

function sortBy(
  items: readonly Value[],
  key: (item: Value) => Value,
  reverse: boolean,
  budget: Budget,
): readonly Value[] {
  const keyed = items.map((item) => [key(item), item] as const);
  const sign = reverse ? -1 : 1;
  return keyed.toSorted(([left], [right]) => sign * order("<", left, right, budget)).map(([, item]) => item);
}

/** `select` and its like: the test is named, or else is whether the value is true. */
function selecting(keep: boolean, byAttribute: boolean): Filter {
  return (value, args, { budget }) => {
    const [attribute = null, ...more] = byAttribute ? args.positional : [null, ...args.positional];
    if (byAttribute && args.positional.length === 0) throw new JinjaError("Missing parameter for attribute name");
    const read = attributeReader(attribute, budget, undefined);
    const [test, ...positional] = more;
    const passes = (item: Value): boolean =>
      test === undefined
        ? isTrue(item)
        : applyTest(toText(test, budget), item, { positional, keywords: args.keywords }, budget);
    return new Generator(looped(value, budget).filter((item) => passes(read(item)) === keep));
  };
}

const map: Filter = (value, args, context) => {
  const items = looped(value, context.budget);
  const [name, ...positional] = args.positional;
  if (name === undefined) {
    const { attribute = null, default: byDefault } = bind("map", args, ["attribute", "default"]);
    return new Generator(items.map(attributeReader(attribute, context.budget, byDefault)));
  }
  const rest: CallArguments = { positional, keywords: args.keywords };
  return new Generator(items.map((item) => context.applyFilter(toText(name, context.budget), item, rest)));
};

const extreme =
  (sign: number): Filter =>
  (value, args, { budget }) => {
    const { case_sensitive: caseSensitive = false, attribute = null } = bind("max", args, [
      "case_sensitive",
      "attribute",
    ]);
    const read = attributeReader(attribute, budget, undefined);
    const key = (item: Value): Value => caseKey(read(item), caseSensitive, budget);
    const [first, ...rest] = counted(value, budget);
    if (first === undefined) return new Undefined("No aggregated item, sequence was empty.");
    return rest.reduce((best, item) => (sign * order("<", key(item), key(best), budget) < 0 ? item : best), first);
  };

const sort: Filter = (value, args, { budget }) => {
  const bound = bind("sort", args, ["reverse", "case_sensitive", "attribute"]);
  const attribute = bound.attribute ?? null;
  const attributes = isString(attribute) ? splitBy(textOf(attribute), ",", -1, false, budget) : [attribute];
  const readers = attributes.map((name) => attributeReader(name, budget, undefined));
  const caseSensitive = bound.case_sensitive ?? false;
  const key = (item: Value): Value => new Tuple(readers.map((read) => caseKey(read(item), caseSensitive, budget)));
  return sortBy(counted(value, budget), key, isTrue(bound.reverse ?? false), budget);
};

const unique: Filter = (value, args, { budget }) => {
  const { case_sensitive: caseSensitive = false, attribute = null } = bind("unique", args, [
    "case_sensitive",
    "attribute",
  ]);
  const read = attributeReader(attribute, budget, undefined);
  const seen = new Set<unknown>();
  return new Generator(
    counted(value, budget).filter((item) => {
      const hash = hashOf(caseKey(read(item), caseSensitive, budget), budget);
      return !seen.has(hash) && seen.add(hash).size > 0;
    }),
  );
};

const groupby: Filter = (value, args, { budget }) => {
  const bound = bind("groupby", args, ["attribute", "default", "case_sensitive"]);
  const read = attributeReader(bound.attribute ?? null, budget, bound.default);
  const key = (item: Value): Value => caseKey(read(item), bound.case_sensitive ?? false, budget);
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sortBy(counted(value, budget), key, false, budget)) {
    const last = groups.at(-1);
    if (last !== undefined && areEqual(last.key, key(item), budget)) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return groups.map(({ items }) => new Tuple([read(items[0] ?? null), items]));
};

const dictsort: Filter = (value, args, { budget }) => {
  const bound = bind("dictsort", args, ["case_sensitive", "by", "reverse"]);
  if (!(value instanceof Dict)) throw new JinjaError(`'${typeName(value)}' object has no attribute 'items'`);
  const byValue = toText(bound.by ?? "key", budget) === "value";
  const key = (pair: Value): Value =>
    caseKey(
      pair instanceof Tuple ? (pair.items[byValue ? 1 : 0] ?? null) : null,
      bound.case_sensitive ?? false,
      budget,
    );
  return sortBy(pairsOf(value, budget), key, isTrue(bound.reverse ?? false), budget);
};

/** Lists of `size` items; the last is filled up where there is something to fill with. */
const batch: Filter = (value, args, { budget }) => {
  const { linecount, fill_with: fill } = bind("batch", args, ["linecount", "fill_with"]);
  const size = toInteger(linecount, 0);
  if (size < 1) throw new JinjaError("batch needs a positive number");
  const items = counted(value, budget);
  const rows = Array.from({ length: Math.ceil(items.length / size) }, (_, row) =>
    items.slice(row * size, (row + 1) * size),
  );
  if (fill === undefined || fill === null) return new Generator(rows);
  budget.step(size);
  return new Generator(rows.map((row) => [...row, ...Array.from({ length: size - row.length }, () => fill)]));
};

/** A number of lists, the first of them longer where they cannot be equal. */
const slice: Filter = (value, args, { budget }) => {
  const { slices, fill_with: fill } = bind("slice", args, ["slices", "fill_with"]);
  const count = toInteger(slices, 0);
  if (count < 1) throw new JinjaError("integer division or modulo by zero");
  budget.step(count);
  const items = counted(value, budget);
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  let start = 0;
  return new Generator(
    Array.from({ length: count }, (_, index) => {
      const end = start + size + (index < longer ? 1 : 0);
      const row = items.slice(start, end);
      start = end;
      return fill !== undefined && fill !== null && index >= longer ? [...row, fill] : row;
    }),
  );
};

const length: Filter = (value, _args, { budget }) => {
  if (isString(value)) {
    budget.scan(textOf(value).length);
    return characterCount(textOf(value));
  }
  if (value instanceof Dict) return value.size;
  const items = value instanceof Generator ? null : findItems(value, budget);
  if (items === null) throw new JinjaError(`object of type '${typeName(value)}' has no len()`);
  return items.length;
};

function endOf(index: number, message: string): Filter {
  return (value, _args, { budget }) => {
    if (isString(value)) budget.scan(textOf(value).length);
    const item = isString(value) ? characterAt(textOf(value), index) : counted(value, budget).at(index);
    return item === undefined ? new Undefined(message) : item;
  };
}

const joinFilter: Filter = (value, args, { budget }) => {
  const { d = "", attribute = null } = bind("join", args, ["d", "attribute"]);
  return concatenate(
    counted(value, budget).map(attributeReader(attribute, budget, undefined)),
    toText(d, budget),
    budget,
  );
};

const reverse: Filter = (value, _args, { budget }) => {
  if (isString(value)) {
    budget.copy(textOf(value).length);
    const reversed = charactersOf(textOf(value), budget).toReversed().join("");
    return value instanceof Markup ? new Markup(reversed) : reversed;
  }
  return new Generator(counted(value, budget).toReversed());
};

const items: Filter = (value, _args, { budget }) => {
  if (value instanceof Undefined) return new Generator([]);
  if (!(value instanceof Dict)) throw new JinjaError("Can only get item pairs from a mapping.");
  return new Generator(pairsOf(value, budget));
};

const sum: Filter = (value, args, { budget }) => {
  const { attribute = null, start = 0 } = bind("sum", args, ["attribute", "start"]);
  const read = attributeReader(attribute, budget, undefined);
  return counted(value, budget).reduce<Value>((total, item) => applyBinary("+", total, read(item), budget), start);
};

export const SEQUENCE_FILTERS: Readonly<Record<string, Filter>> = {
  length,
  count: length,
  first: endOf(0, "No first item, sequence was empty."),
  last: endOf(-1, "No last item, sequence was empty."),
  list: (value, _args, { budget }) => [...counted(value, budget)],
  items,
  join: joinFilter,
  reverse,
  map,
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  min: extreme(1),
  max: extreme(-1),
  sum,
  sort,
  dictsort,
  unique,
  groupby,
  batch,
  slice,
  attr: (value, args, { budget }) =>
    attributeReader(bind("attr", args, ["name"]).name ?? null, budget, undefined)(value),
};
