/** `turnwise template` and `--chat-template`, as a shell runs them. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { tinyModelFile } from "../support/random-model-file.ts";
import { runCli } from "./support/run-cli.ts";

const model = tinyModelFile();
const folder = mkdtempSync(join(tmpdir(), "turnwise-template-"));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const conversation = { messages: [{ role: "user", content: "hi" }], bos_token: "<s>", add_generation_prompt: true };
const json = file("conversation.json", JSON.stringify(conversation));
const template = file(
  "chat.jinja",
  "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[model]{% endif %}\n",
);

test("a template's file and a conversation give the prompt, and nothing more", async () => {
  expect(await runCli(["template", template, json])).toEqual({ code: 0, stdout: "<s>[user]hi[model]", stderr: "" });
});

test("a conversation comes from standard input too", async () => {
  const input = JSON.stringify({ ...conversation, add_generation_prompt: false });
  expect(await runCli(["template", template, "-"], { input })).toMatchObject({ code: 0, stdout: "<s>[user]hi" });
});

test("a model's own template has its tokens", async () => {
  const result = await runCli(["template", model, json]);
  expect(result).toMatchObject({ code: 0, stderr: "" });
  expect(result.stdout).toContain("hi");
});

test.each([
  ["a template that refuses", file("no.jinja", "{{ raise_exception('Not like this.') }}"), json, "Not like this."],
  ["a broken template", file("broken.jinja", "{% if %}"), json, "line 1"],
  ["a conversation that is no JSON", template, file("text.json", "hi"), "text.json is no conversation in JSON"],
  ["a conversation that is no object", template, file("list.json", "[]"), "not an object of variables"],
  ["a file that is not there", template, join(folder, "nowhere.json"), "there is no such file"],
])("%s is named", async (_, source, given, message) => {
  const result = await runCli(["template", source, given]);
  expect(result).toMatchObject({ stdout: "" });
  expect(result.code).not.toBe(0);
  expect(result.stderr).toContain(message);
});

test("--chat-template takes the place of the model's, and a broken one ends the start", async () => {
  const refusing = file("refusing.jinja", "{{ raise_exception('This template was used.') }}");
  const run = ["run", model, "-p", "hi", "--max-tokens", "1", "--backend", "interpreter", "--chat-template"];
  const used = await runCli([...run, refusing]);
  expect(used.code).toBe(1);
  expect(used.stderr).toContain("This template was used.");
  const broken = await runCli([...run, file("broken2.jinja", "{% for %}")]);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain("The chat template cannot be parsed");
});
