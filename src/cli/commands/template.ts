/** `turnwise template`: a conversation as the prompt that a chat template makes of it. */

import { fail } from "../../base/errors.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { parseJinja } from "../../text/jinja/program.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import type { CommandContext } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { readTextFile } from "../read-text-file.ts";
import { resolveModel } from "../resolve-model.ts";
import { readInput, writeModelText } from "../terminal.ts";

type Variables = Readonly<Record<string, unknown>>;

/** A template, and variables that a conversation may leave out. */
interface Source {
  readonly template: string;
  readonly variables: Variables;
}

export const TEMPLATE = defineCommand({
  name: "template",
  summary: "Print the prompt that a chat template makes of a conversation",
  details:
    "CONVERSATION is a JSON object of the template's variables: messages, tools, add_generation_prompt, ...;\n" +
    "a model adds its bos_token and eos_token. Values are given to the template as they are.",
  arguments: {
    model: { required: true, help: "A model as for other commands, or a template's own file, FILE.jinja" },
    conversation: { required: true, help: "A JSON file; - reads standard input" },
  },
  groups: { Model: CACHE_OPTIONS },
  examples: [
    "turnwise template model.gguf conversation.json",
    'echo \'{"messages": [{"role": "user", "content": "hi"}]}\' | turnwise template chat.jinja -',
  ],
  run: async ({ arguments: { model, conversation }, options }, context) => {
    const { terminal } = context;
    const source = model.endsWith(".jinja")
      ? { template: readTextFile(model), variables: {} }
      : await readModelTemplate(model, options.cacheDir, context);
    const json = conversation === "-" ? await readInput(terminal) : readTextFile(conversation);
    const variables = { ...source.variables, ...parseVariables(json, conversation) };
    await writeModelText(terminal.stdout, parseJinja(source.template).run(variables, new Date()));
    return EXIT_CODES.ok;
  },
});

/** Throws `template_missing` where the model has none. */
async function readModelTemplate(named: string, cacheDir: string | null, context: CommandContext): Promise<Source> {
  const source = openModel(await resolveModel(named, cacheDir, context), openFileSource);
  try {
    if (source.chatTemplate === null) return fail("template_missing");
    const tokenizer = createTokenizer(source.vocabulary());
    const textOf = (id: number | null): string => (id === null ? "" : tokenizer.piece(id));
    const variables = { bos_token: textOf(tokenizer.bosId), eos_token: textOf(tokenizer.eosId) };
    return { template: source.chatTemplate, variables };
  } finally {
    source.dispose();
  }
}

function parseVariables(json: string, file: string): Variables {
  const source = file === "-" ? "standard input" : file;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return fail("conversation_invalid", { source, reason: error instanceof Error ? error.message : String(error) });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Variables;
  return fail("conversation_invalid", { source, reason: "it is not an object of variables, such as messages" });
}
