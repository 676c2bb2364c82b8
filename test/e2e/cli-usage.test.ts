/** The command line's manners: exit codes, messages, where output goes. */

import { readFileSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CliResult, ROOT, cliResult, runCli, startCli } from "./support/run-cli.ts";

test.each([
  [[], "turnwise: turnwise needs a command.\n  See turnwise --help.\n"],
  [["rum"], "turnwise: There is no command rum. Did you mean run?\n  See turnwise --help.\n"],
  [
    ["run", "-p", "x", "--tempratur", "1"],
    "turnwise: Unknown option --tempratur. Did you mean --temperature?\n  See turnwise help COMMAND.\n",
  ],
  [["run", "-p", "x", "--max-tokens", "0"], "turnwise: Option --max-tokens: 0 is outside 1 or more.\n"],
  [["run"], "turnwise: Option --prompt: it must be given.\n"],
  [["tokenize"], "turnwise: turnwise tokenize needs MODEL.\n  See turnwise tokenize --help.\n"],
])("usage error %j", async (args, stderr) => {
  expect(await runCli(args)).toEqual({ code: 2, stdout: "", stderr });
});

test("a wrong environment variable is named", async () => {
  const result = await runCli(["run", "-p", "x"], { env: { TURNWISE_THREADS: "many" } });
  expect(result).toMatchObject({ code: 2, stderr: 'turnwise: Option TURNWISE_THREADS: "many" is not a number.\n' });
});

test("project says of every speed that it is modelled", async () => {
  const { code, stdout } = await runCli(["project", "--threads", "4"]);
  expect(code).toBe(0);
  const [title = "", ...lines] = stdout.split("\n");
  expect(title).toMatch(/: modelled, not measured$/);
  const speeds = lines.filter((line) => line.includes("tokens/s"));
  expect(speeds).toHaveLength(2);
  for (const line of speeds) expect(line).toMatch(/[\d.]+ tokens\/s, modelled\b/);
  // What else has figures are the barriers, by an assumption, and how far the model is off.
  const [barriers = "", stages = "", error = "", ...points] = lines.filter(
    (line) => /\d/.test(line) && !speeds.includes(line),
  );
  expect(barriers).toMatch(/^Barriers, not in it: [\d.]+ ms a step, if an add .* takes 50 ns:$/);
  expect(stages).toMatch(/^260 stages, 5 adds /);
  expect(error).toMatch(/^Error of the model on llama\.cpp's published speeds/);
  for (const line of points) expect(line).toMatch(/^ +\d+ threads +prefill [+-]\d+ % +decode [+-]\d+ %$/);
  const json = await runCli(["project", "--threads", "4", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ modelled: true, cases: [{}, {}], barrier: { stages: 260 } });
});

test("project offers what is modelled", async () => {
  const help = (await runCli(["project", "--help"])).stdout;
  expect(help).toMatch(/\bq4-g128\b[^]*\bint8-g32\b/);
  expect(help).not.toMatch(/\b(f32|f16|bf16)\b/);
  const refused = await runCli(["project", "--model", "llama-3.1-8b:f16"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("known are q8_0, q4_0, ") });
});

test("config check prints each setting with where it comes from", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "turnwise-cli-")), "settings.json");
  writeFileSync(path, '{ "ctx": 4096, "kvMemory": "1GiB" }');
  const check = (): Promise<CliResult> => runCli(["config", "check", path], { env: { TURNWISE_CTX: "100" } });
  const { code, stdout } = await check();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}ctx +100 +environment TURNWISE_CTX$/m);
  expect(stdout).toMatch(new RegExp(`^ {2}kvMemory +1073741824 +file ${path}$`, "m"));
  expect(stdout).toMatch(/^ {2}port +8080 +default$/m);
  writeFileSync(path, '{ "ctx": "many" }');
  expect(await runCli(["config", "check", path])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("ctx in "),
  });
});

test.each([
  [{ host: "0.0.0.0" }, {}, 2, "Binding to 0.0.0.0 without an API key"],
  [{ host: "0.0.0.0" }, { TURNWISE_API_KEY: "secret" }, 0, ""],
  [{ apiKeyFile: "/nowhere/keys" }, {}, 1, "Cannot read /nowhere/keys"],
  [{ tlsCert: "/nowhere/cert.pem" }, {}, 2, "--tls-cert: needs --tls-key"],
  [{ adminListen: "0.0.0.0:9090" }, { TURNWISE_API_KEY: "secret" }, 2, "needs an admin key"],
  [{ chatTemplate: "/nowhere/template.jinja" }, {}, 1, "Cannot read /nowhere/template.jinja"],
])("config check prints %j with %j, and ends as serve would: with code %i", async (settings, env, code, problem) => {
  const path = join(mkdtempSync(join(tmpdir(), "turnwise-cli-")), "settings.json");
  writeFileSync(path, JSON.stringify(settings));
  const result = await runCli(["config", "check", path], { env });
  expect(result).toMatchObject({ code, stdout: expect.stringMatching(/^ {2}port +8080 +default$/m) });
  expect(result.stderr).toContain(problem);
  if (code === 0) return;
  const served = await runCli(["serve", "--config", path, "--port", "0"], { env });
  expect(served).toMatchObject({ code, stderr: result.stderr });
});

test.each(["run", "serve", "chat", "inspect", "tokenize", "perplexity"])(
  "%s names a model that is not there",
  async (command) => {
    const rest = { run: ["-p", "x"], tokenize: ["x"], perplexity: [join(ROOT, "README.md")] }[command] ?? [];
    const result = await runCli([command, "/nowhere/model.gguf", ...rest]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^turnwise: Cannot read \/nowhere\/model\.gguf: there is no such file/);
  },
);

test("a file that is no model, and a cut one, are refused with the reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-cli-"));
  const text = join(folder, "text.gguf");
  writeFileSync(text, "This is no model.");
  const refused = await runCli(["run", text, "-p", "x"]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("is not a GGUF file");
  const cut = join(folder, "cut.gguf");
  writeFileSync(cut, Buffer.from("GGUF\x03\0\0\0", "latin1"));
  const short = await runCli(["inspect", cut]);
  expect(short).toMatchObject({ code: 1, stdout: "" });
  expect(short.stderr).toContain("ends too early");
});

test("help and version go to standard output", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `turnwise ${version}\n`, stderr: "" });
  const help = await runCli(["run", "--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("--temperature <X>");
});

test("a reader that leaves, as head does, is no error", async () => {
  const child = startCli(["help", "serve"]);
  const ended = cliResult(child);
  child.stdout.destroy();
  expect(await ended).toMatchObject({ code: 0, stderr: "" });
});
