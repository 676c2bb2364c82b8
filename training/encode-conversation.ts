/**
 * A conversation as the tokens that the model is trained on, by the template and the tokeniser that serve it, and
 * for each token who wrote it.
 */

import type { Conversation } from "../src/eval/agent/conversation.ts";
import type { ChatTemplate } from "../src/text/template/types.ts";
import type { Tokenizer } from "../src/text/tokenizer/types.ts";
import { BEGIN, END_HEADER, END_OF_TURN, START_HEADER } from "./tokenizer-files.ts";

/** Headers and what systems and tools say; what the user says; what the assistant says, and its end. */
export const ROLE = { none: 0, context: 1, user: 2, assistant: 3 } as const;

export function renderConversation({ tools, steps }: Conversation, template: ChatTemplate): string {
  return template.render({
    messages: steps.map(({ message }) => message),
    tools,
    addGenerationPrompt: false,
    bosToken: BEGIN,
    eosToken: END_OF_TURN,
  });
}

/** Roles of the tokens of a rendered conversation, from its headers. */
export class RoleMarker {
  readonly #tokenizer: Tokenizer;
  readonly #startHeader: number;
  readonly #endHeader: number;
  readonly #endOfTurn: number;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    const idOf = (text: string): number => tokenizer.encode(text, { addSpecial: false, parseSpecial: true })[0] ?? -1;
    this.#startHeader = idOf(START_HEADER);
    this.#endHeader = idOf(END_HEADER);
    this.#endOfTurn = idOf(END_OF_TURN);
  }

  mark(tokens: Int32Array): Uint8Array {
    const roles = new Uint8Array(tokens.length).fill(ROLE.context);
    let headerFrom = 0;
    let role: number = ROLE.context;
    for (const [index, token] of tokens.entries()) {
      if (token === this.#startHeader) headerFrom = index + 1;
      else if (token === this.#endHeader) {
        const name = this.#tokenizer.decode(tokens.subarray(headerFrom, index));
        role = name === "assistant" ? ROLE.assistant : name === "user" ? ROLE.user : ROLE.context;
        // The two line ends behind the header are one token and belong to the prompt.
        headerFrom = index + 2;
      } else if (index >= headerFrom) roles[index] = role;
      if (token === this.#endOfTurn) role = ROLE.context;
    }
    return roles;
  }
}
