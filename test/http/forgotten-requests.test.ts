/** What a request leaves behind: a server that kept a megabyte of each would end with its memory. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, it } from "vitest";
import { scriptedServer, until } from "./support/test-server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const REQUESTS = 4;

it.each([
  ["answered", 200, {}],
  ["streamed", 200, { stream: true }],
  ["refused", 400, { max_tokens: 5000 }],
])("forgets a request that was %s", async (_, status, fields) => {
  const { server, engine } = scriptedServer();
  closers.push(() => server.close());
  const { url } = await server.listen();
  for (let index = 0; index < REQUESTS; index += 1) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: `Question ${index}` }], ...fields }),
    });
    expect(response.status).toBe(status);
    await response.text();
  }
  // An open connection keeps its last one.
  const kept = engine.chats.slice(0, -1).map(({ messages }) => new WeakRef(messages));
  expect(kept).toHaveLength(REQUESTS - 1);
  engine.chats.length = 0;
  engine.requests.length = 0;
  await until(() => {
    collectGarbage();
    return kept.every((messages) => messages.deref() === undefined);
  }, "the requests to be forgotten");
});
