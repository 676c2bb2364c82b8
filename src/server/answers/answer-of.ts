/** The types of answers are those of their schemas, so that what is made and what is documented cannot differ. */

import { z } from "zod";

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
    : Value;

/** What `Schema` describes, none of which is changed once it is made. */
export type AnswerOf<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

/** Of tokens, milliseconds, bytes or items. */
export const count = z.int().min(0);
/** Seconds since 1970. */
export const unixSeconds = count;

/** One page of a list, as OpenAI's API gives it. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    object: z.literal("list"),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

/** That something is gone now. */
export const deletedOf = <Name extends string>(object: Name) =>
  z.object({ id: z.string(), object: z.literal(object), deleted: z.literal(true) });
