/** The replays as text: latencies by server, how Turnwise compares, and every command. */

import { versions } from "./render-comparison.mjs";
import { table } from "./text-table.mjs";

const seconds = (ms) => (ms === null || ms === undefined ? "infinite" : (ms / 1000).toFixed(2));

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export function renderTurns({ identity, results }) {
  const head = ["server", "turns", "failed", "turn p50 s", "p95 s", "p99 s", "first token p50 s", "cached", "wall s"];
  const rows = results.map(({ name, result }) => [
    name,
    `${result.turns}`,
    failures(result),
    seconds(result.turnMs?.p50?.value),
    seconds(result.turnMs?.p95?.value),
    seconds(result.turnMs?.p99?.value),
    seconds(result.firstTokenMs?.p50?.value),
    `${(100 * result.cachedShare).toFixed(0)} %`,
    seconds(result.wallMs),
  ]);
  return [
    `${identity.cpu}, ${identity.threads} threads, ${identity.model}; ${versions(identity)}`,
    `${identity.sessions} agents at once, final contexts of ${identity.contextTokens} tokens; ` +
      `KV cache of turnwise ${mib(identity.kvBytes)}, of llama-server ${mib(identity.peerKvBytes)}`,
    "",
    ...table([head, ...rows]),
    "",
    ...comparison(results),
    "commands:",
    ...results.map(({ name, command }) => `  ${name}: ${command}`),
  ].join("\n");
}

/** How many, and the most frequent reason. */
function failures({ failures: count, failureReasons }) {
  const [reason] = Object.keys(failureReasons);
  return reason === undefined ? `${count}` : `${count}: ${reason.slice(0, 60)}`;
}

/** Against the peer whose p99 is least. */
function comparison(results) {
  const p99 = ({ result }) => result.turnMs?.p99?.value ?? Infinity;
  const own = results.find(({ name }) => name === "turnwise");
  const peers = results.filter((one) => one !== own).toSorted((a, b) => p99(a) - p99(b));
  if (own === undefined || peers.length === 0) return [];
  const ratio = p99(peers[0]) / p99(own);
  return [`p99 of a turn: ${ratio.toFixed(2)} times less than ${peers[0].name}`, ""];
}
