/** Subschemas by where they stand in their document, and the references between them. */

import { fail } from "../../../base/errors.ts";

export type SchemaObject = Readonly<Record<string, unknown>>;

export interface SchemaLocation {
  readonly schema: SchemaObject | boolean;
  /** JSON Pointer from the document's root, "#" for the root itself. */
  readonly pointer: string;
}

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function locate(schema: unknown, pointer: string): SchemaLocation {
  if (typeof schema === "boolean" || isObject(schema)) return { schema, pointer };
  return fail("schema_invalid", { pointer, problem: "a schema is an object, true or false." });
}

/** The subschema under `keyword` and further steps. */
export function child(
  { pointer }: SchemaLocation,
  schema: unknown,
  ...steps: readonly (string | number)[]
): SchemaLocation {
  return locate(schema, [pointer, ...steps.map((step) => escapeStep(String(step)))].join("/"));
}

/** What `reference` names in `root`: "#", "#/$defs/x", or "#name" of an $anchor. */
export function resolveReference(root: SchemaObject | boolean, reference: unknown, pointer: string): SchemaLocation {
  if (typeof reference !== "string") return fail("schema_invalid", { pointer, problem: "$ref is a string." });
  if (!reference.startsWith("#")) {
    const reason = `${JSON.stringify(reference.slice(0, 80))} is another document; references begin with #.`;
    return fail("schema_unsupported", { keyword: "$ref", pointer, reason });
  }
  if (reference !== "#" && !reference.startsWith("#/")) return findAnchor(root, reference.slice(1), pointer);
  let schema: unknown = root;
  for (const step of reference.split("/").slice(1)) {
    const name = unescapeStep(step);
    const holder: unknown = schema;
    const known = Array.isArray(holder)
      ? (holder as readonly unknown[])[Number(name)]
      : isObject(holder) && Object.hasOwn(holder, name)
        ? holder[name]
        : undefined;
    if (known === undefined) {
      return fail("schema_invalid", {
        pointer,
        problem: `$ref ${JSON.stringify(reference.slice(0, 200))} names nothing.`,
      });
    }
    schema = known;
  }
  return locate(schema, reference);
}

/** Anchors are looked for where definitions stand. */
function findAnchor(root: SchemaObject | boolean, name: string, pointer: string): SchemaLocation {
  for (const holder of ["$defs", "definitions"]) {
    const definitions = isObject(root) ? root[holder] : undefined;
    if (!isObject(definitions)) continue;
    for (const [key, schema] of Object.entries(definitions)) {
      if (isObject(schema) && schema["$anchor"] === name) return locate(schema, `#/${holder}/${escapeStep(key)}`);
    }
  }
  return fail("schema_invalid", { pointer, problem: `$ref #${name.slice(0, 80)} names no $anchor of $defs.` });
}

const escapeStep = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");

function unescapeStep(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // Not percent-encoded then.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
