/** A small client of the server's own chat route, for `turnwise start`: texts of a stream as they come. */

import { fail } from "../base/errors.ts";

interface ChatRequest {
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
}

/** Throws `request_failed` where the server answers with an error or the stream carries one. */
export async function* streamChat(
  url: string,
  request: ChatRequest,
  apiKey: string | undefined,
): AsyncGenerator<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey ?? "none"}` },
    body: JSON.stringify({
      model: request.model,
      messages: [{ role: "user", content: request.prompt }],
      max_tokens: request.maxTokens,
      stream: true,
    }),
  });
  if (!response.ok || response.body === null) {
    fail("request_failed", { url, reason: `HTTP ${response.status}: ${await response.text()}` });
  }
  for await (const data of sseData(response.body)) {
    if (data === "[DONE]") return;
    const event = JSON.parse(data) as ChatChunk;
    if (event.error !== undefined) fail("request_failed", { url, reason: event.error.message });
    const text = event.choices?.[0]?.delta?.content;
    if (typeof text === "string" && text !== "") yield text;
  }
}

interface ChatChunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
}

/** The `data` of each event; comments are skipped. Follows the HTML standard's event-stream format. */
export async function* sseData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  }
}
