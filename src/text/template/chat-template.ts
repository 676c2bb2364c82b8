/**
 * A model's chat template: messages in, the prompt's text out. Templates are Jinja programs that come
 * with the model; their variables are those of Hugging Face's apply_chat_template.
 * Source: https://huggingface.co/docs/transformers/chat_templating
 */

import { TurnwiseError } from "../../base/errors.ts";
import { type JinjaProgram, parseJinja } from "../jinja/program.ts";
import { type MessageForm, toTemplateMessages } from "./template-messages.ts";
import type { ChatTemplate, ChatTemplateInput } from "./types.ts";

/** What a template expects of its input. */
interface TemplateForm extends MessageForm {
  /**
   * What absent tools and documents are: null, as in apply_chat_template, but undefined to a template that
   * loops over them unasked, which it can over what is undefined.
   */
  readonly absent: null | undefined;
}

/** Throws `template_invalid`. Parse a template once and keep it. */
export function parseChatTemplate(source: string): ChatTemplate {
  const program = parseJinja(source);
  const form: TemplateForm = { ...probeForm(program), developerRole: /["']developer["']/.test(source) };
  return { render: (input) => render(program, input, form) };
}

function render(program: JinjaProgram, input: ChatTemplateInput, form: TemplateForm): string {
  const hasTools = input.tools !== undefined && input.tools.length > 0;
  return program.run(
    {
      ...input.variables,
      messages: toTemplateMessages(input.messages, form),
      tools: hasTools ? input.tools : form.absent,
      documents: input.variables?.["documents"] ?? form.absent,
      add_generation_prompt: input.addGenerationPrompt,
      bos_token: input.bosToken,
      eos_token: input.eosToken,
    },
    input.now ?? new Date(),
  );
}

const PROBE = "probe of the content's form";
const PROBED = {
  messages: [{ role: "user", content: PROBE }],
  addGenerationPrompt: false,
  bosToken: "",
  eosToken: "",
} as const satisfies ChatTemplateInput;

/** The first is what a template gets that shows none of them. */
const FORMS = [
  { content: "string", absent: null },
  { content: "string", absent: undefined },
  { content: "parts", absent: null },
  { content: "parts", absent: undefined },
] as const satisfies readonly Partial<TemplateForm>[];

/** The first form in which the template shows a user's text. */
function probeForm(program: JinjaProgram): Pick<TemplateForm, "content" | "absent"> {
  const shows = (form: (typeof FORMS)[number]): boolean => {
    try {
      return render(program, PROBED, { ...form, developerRole: true }).includes(PROBE);
    } catch (error) {
      if (error instanceof TurnwiseError) return false;
      throw error;
    }
  };
  return FORMS.find(shows) ?? FORMS[0];
}
