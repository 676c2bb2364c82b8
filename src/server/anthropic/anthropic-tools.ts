/** What an Anthropic request says of its tools. */

import type { AnthropicPromptValues } from "../fields/anthropic-fields.ts";
import { anthropicChatTools } from "../fields/anthropic-messages.ts";
import type { ToolAsk } from "../tool-request.ts";

export function anthropicToolAsk(values: AnthropicPromptValues): ToolAsk {
  const { tool_choice: choice = { type: "auto" } } = values;
  return {
    tools: anthropicChatTools(values),
    choice: choiceOf(choice),
    parallel: !("disable_parallel_tool_use" in choice && choice.disable_parallel_tool_use === true),
    nameField: "tool_choice.name",
  };
}

function choiceOf(choice: NonNullable<AnthropicPromptValues["tool_choice"]>): ToolAsk["choice"] {
  switch (choice.type) {
    case "any":
      return "required";
    case "tool":
      return { name: choice.name };
    case "auto":
    case "none":
      return choice.type;
    default:
      return choice satisfies never;
  }
}
