/**
 * A model's chat template: messages in, the prompt's text out. Templates are Jinja programs that come
 * with the model; their variables are those of Hugging Face's apply_chat_template.
 * Source: https://huggingface.co/docs/transformers/chat_templating
 */

import { TurnwiseError } from "../../base/errors.ts";
import { type JinjaProgram, parseJinja } from "./jinja-program.ts";
import { type MessageForm, toTemplateMessages } from "./template-messages.ts";
import type { ChatTemplate, ChatTemplateInput } from "./types.ts";

/** Throws `template_invalid`. Parse a template once and keep it. */
export function parseChatTemplate(source: string): ChatTemplate {
  const program = parseJinja(source);
  const form: MessageForm = { content: contentForm(program), developerRole: source.includes("developer") };
  return { render: (input) => render(program, input, form) };
}

function render(program: JinjaProgram, input: ChatTemplateInput, form: MessageForm): string {
  const hasTools = input.tools !== undefined && input.tools.length > 0;
  return program.run(
    {
      ...input.variables,
      messages: toTemplateMessages(input.messages, form),
      // Templates look at these; absent is null, as in apply_chat_template.
      tools: hasTools ? input.tools : null,
      documents: input.variables?.["documents"] ?? null,
      add_generation_prompt: input.addGenerationPrompt,
      bos_token: input.bosToken,
      eos_token: input.eosToken,
    },
    input.now ?? new Date(),
  );
}

const PROBE = "probe of the content's form";

/** "parts" only where the template loses a string and shows a text part. */
function contentForm(program: JinjaProgram): MessageForm["content"] {
  const shows = (content: MessageForm["content"]): boolean => {
    const input = {
      messages: [{ role: "user", content: PROBE }],
      addGenerationPrompt: false,
      bosToken: "",
      eosToken: "",
    };
    try {
      return render(program, input, { content, developerRole: true }).includes(PROBE);
    } catch (error) {
      if (error instanceof TurnwiseError) return false;
      throw error;
    }
  };
  return !shows("string") && shows("parts") ? "parts" : "string";
}
