/**
 * Chat messages as OpenAI-compatible clients send them, and the template that turns them into a
 * prompt. Plain data and interfaces only.
 * Source: https://platform.openai.com/docs/api-reference/chat/create,
 * https://huggingface.co/docs/transformers/chat_templating
 */

export type ChatRole = "system" | "developer" | "user" | "assistant" | "tool";

/** A part of a message's content; other types than text are for models that take them. */
export type ChatContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: string; readonly [field: string]: unknown };

export interface ChatToolCall {
  readonly id?: string;
  readonly type: "function";
  readonly function: {
    readonly name: string;
    /** A JSON string, as clients send it, or the parsed object. */
    readonly arguments: string | Readonly<Record<string, unknown>>;
  };
}

export interface ChatMessage {
  /** One of ChatRole, or another that the template knows. */
  readonly role: ChatRole | (string & {});
  readonly content?: string | null | readonly ChatContentPart[];
  readonly name?: string;
  readonly tool_calls?: readonly ChatToolCall[];
  readonly tool_call_id?: string;
  /** What the model thought before its answer, for templates that render it. */
  readonly reasoning_content?: string | null;
}

export interface ChatTool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** A JSON Schema. */
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
  };
}

/** A conversation to render. */
export interface ChatInput {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ChatTool[];
  /** End with the opening of an assistant message. */
  readonly addGenerationPrompt: boolean;
  /** Further variables of the template, `chat_template_kwargs`; they never replace the others. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A conversation with what the model adds to it. */
export interface ChatTemplateInput extends ChatInput {
  /** Text of the BOS token; "" where there is none. */
  readonly bosToken: string;
  readonly eosToken: string;
  /** What `strftime_now` shows; by default the current time. */
  readonly now?: Date;
}

/** A parsed template. Rendering is pure but for the clock. */
export interface ChatTemplate {
  /** Throws `template_failed` with the template's own message where it refuses the conversation. */
  render(input: ChatTemplateInput): string;
}
