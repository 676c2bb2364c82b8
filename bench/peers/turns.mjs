/**
 * `npm run bench:peers-turns`: agents' sessions replayed against Turnwise and against llama-server, each in
 * its own process with the same bytes of KV cache; see README.md.
 *
 *   node bench/peers/turns.mjs --trace FILE [options]
 *
 *   --trace FILE              recorded sessions, as `turnwise bench turns` reads them
 *   --model FILE              a GGUF file; by default --synthetic
 *   --synthetic SHAPE:QUANT   random weights; by default llama-3.2-1b:q4_0
 *   --sessions N              agents that run at once; by default 8
 *   --turns N                 of each session at most so many; by default all
 *   --kv-share F              KV cache, as a share of what the final contexts need; by default 0.5
 *   --peer-kv-share F         the same for llama-server; by default --kv-share
 *   --threads N               by default what Turnwise takes by default
 *   --servers LIST            by default all
 *   --turn-timeout T          by default 30m
 *   --out FILE                by default bench/peers/build/turns-MODEL.json; an existing one is continued with
 *                             the servers that it lacks
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join, resolve } from "node:path";
import { refuseUsage, scriptOptions } from "../../scripts/script-options.mjs";
import { endsWithUs } from "./ends-with-us.mjs";
import { llamaCppVersion, preparePeers } from "./build-llama-cpp.mjs";
import { finalContextTokens, kvBytesPerToken } from "./context-size.mjs";
import { BUILD, doctor, syntheticModel, TURNWISE, turnwiseIdentity } from "./turnwise-cli.mjs";
import { renderTurns } from "./render-turns.mjs";
import { openReport, saveReport } from "./report-file.mjs";
import { withServer } from "./server-process.mjs";
import { SERVERS } from "./servers.mjs";

const { values } = scriptOptions({
  options: {
    trace: { type: "string" },
    model: { type: "string" },
    synthetic: { type: "string", default: "llama-3.2-1b:q4_0" },
    sessions: { type: "string", default: "8" },
    turns: { type: "string", default: "1000000" },
    "kv-share": { type: "string", default: "0.5" },
    "peer-kv-share": { type: "string" },
    threads: { type: "string" },
    servers: { type: "string", default: SERVERS.map(({ name }) => name).join(",") },
    "turn-timeout": { type: "string", default: "30m" },
    out: { type: "string" },
  },
});

const log = (line) => process.stderr.write(`${line}\n`);

async function main() {
  if (values.trace === undefined) refuseUsage("--trace FILE is needed");
  if (!existsSync(TURNWISE)) throw new Error("build Turnwise first: npm run build");
  preparePeers(log, { server: true });
  const model = values.model === undefined ? syntheticModel(values.synthetic, log) : resolve(values.model);
  const machine = doctor();
  const threads = Number(values.threads ?? machine.threads);
  const load = { trace: resolve(values.trace), sessions: Number(values.sessions), turns: Number(values.turns) };
  const contextTokens = await finalContextTokens(model, load);
  const kvBytesOf = (share) => Math.floor(Number(share) * contextTokens * kvBytesPerToken(model));
  const kvBytes = kvBytesOf(values["kv-share"]);
  const peerKvBytes = kvBytesOf(values["peer-kv-share"] ?? values["kv-share"]);

  const out = resolve(values.out ?? join(BUILD, `turns-${basename(model, ".gguf")}.json`));
  const settings = { model, threads, kvBytes, peerKvBytes, sessions: load.sessions };
  const facts = { cpu: cpus()[0]?.model ?? "", model: basename(model), threads, kvBytes, peerKvBytes, contextTokens };
  const identity = { ...load, ...facts, ...turnwiseIdentity(machine), "llama.cpp": llamaCppVersion() };
  const report = openReport(out, identity, { results: [] });
  const wanted = values.servers.split(",");
  for (const server of SERVERS.filter(({ name }) => wanted.includes(name))) {
    if (report.results.some(({ name }) => name === server.name)) continue;
    const command = server.command(settings);
    log(`${server.name}: ${command.join(" ")}`);
    const result = await replayAgainst(command, load);
    report.results.push({ name: server.name, command: command.join(" "), result });
    saveReport(out, report);
  }
  console.log(renderTurns(report));
  log(`written: ${out}`);
}

/** The exit code of `turnwise bench turns` that says so. */
const NO_TURN_ENDED_WELL = 1;

function replayAgainst(command, { trace, sessions, turns }) {
  const url = `http://127.0.0.1:${SERVERS.port}`;
  return withServer(command, url, () =>
    runBench([
      ...["bench", "turns", "--url", `${url}/v1`, "--trace", trace, "--sessions", `${sessions}`, "--turns", `${turns}`],
      ...["--arrivals", "burst", "--turn-timeout", values["turn-timeout"], "--json"],
    ]),
  );
}

/** The report of all turns, with its reasons where none ended well. One that was interrupted is an error, so that it is not kept. */
function runBench(args) {
  const child = endsWithUs(spawn(process.execPath, [TURNWISE, ...args], { stdio: ["ignore", "pipe", "inherit"] }));
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  return new Promise((done, failed) => {
    child.once("close", (code) => {
      const report = [0, NO_TURN_ENDED_WELL].includes(code) && output !== "" ? JSON.parse(output) : null;
      if (report === null) failed(new Error(`turnwise ${args.join(" ")} ended with ${code}`));
      else done(report);
    });
  });
}

await main();
