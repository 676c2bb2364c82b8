/** A tool as a typed function: what the model is told of it, and what runs when it is called. */

import { z } from "zod";

export interface AgentTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /**
   * What the model gets back is the result as JSON, a string as it is. A throw is a result, too: the model is
   * told its message. `input` is whatever JSON the model wrote.
   */
  run(input: unknown, signal: AbortSignal): Promise<unknown>;
}

export interface ToolDefinition<Input extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  /** `.describe()` on a field is what the model reads about it. */
  readonly input: Input;
  readonly run: (input: z.output<Input>, signal: AbortSignal) => unknown;
}

/** A tool whose arguments are checked before it runs. */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): AgentTool {
  const { $schema: _dialect, ...parameters } = z.toJSONSchema(definition.input);
  return {
    name: definition.name,
    description: definition.description,
    parameters,
    async run(input, signal) {
      const parsed = definition.input.safeParse(input);
      if (!parsed.success) return { error: `wrong arguments: ${z.prettifyError(parsed.error)}` };
      return definition.run(parsed.data, signal);
    },
  };
}
