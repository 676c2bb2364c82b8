/** The events of a streamed answer of OpenAI's API. */

/** The JSON of each `data:` line; comments and [DONE] are passed over. */
export async function* streamData(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let buffered = "";
  for await (const bytes of body) {
    buffered += decoder.decode(bytes, { stream: true });
    const lines = buffered.split("\n");
    buffered = lines.pop() ?? "";
    for (const line of lines) {
      const data = line.startsWith("data:") ? line.slice("data:".length).trim() : "";
      if (data !== "" && data !== "[DONE]") yield data;
    }
  }
}
