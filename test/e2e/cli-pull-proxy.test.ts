/** Pulls by way of a proxy, from a hub in the clear and from one that encrypts. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { LoopbackProxy } from "../support/loopback-proxy.ts";
import { selfSignedCertificate } from "../support/self-signed-certificate.ts";
import { type CliResult, runCli } from "./support/run-cli.ts";

const REPO = "someone/tiny-GGUF";
const FILE = "tiny-Q4_0.gguf";
/** Larger than what a hub or a proxy sends at once. */
const CONTENT = Buffer.alloc(400_000, "Q4_0");

let open: LoopbackHub;
let encrypted: LoopbackHub;
let proxy: LoopbackProxy;
let folder: string;

beforeAll(async () => {
  const certificate = selfSignedCertificate();
  [open, encrypted, proxy] = await Promise.all([
    LoopbackHub.start(),
    LoopbackHub.start(certificate),
    LoopbackProxy.start(),
  ]);
  for (const hub of [open, encrypted]) hub.put(REPO, FILE, CONTENT);
  folder = mkdtempSync(join(tmpdir(), "turnwise-proxy-"));
  writeFileSync(join(folder, "ca.pem"), certificate.cert);
});
afterAll(async () => {
  await Promise.all([open.close(), encrypted.close(), proxy.close()]);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  proxy.asked.length = 0;
  proxy.account = null;
  rmSync(join(folder, "models"), { recursive: true, force: true });
});

function pull(hub: LoopbackHub, name: string, account = ""): Promise<CliResult> {
  const address = `http://${account}${proxy.host}`;
  const env = {
    HF_ENDPOINT: hub.endpoint.replace("127.0.0.1", name),
    HF_HOME: folder,
    HF_TOKEN: "",
    TURNWISE_CACHE_DIR: folder,
    NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
    HTTP_PROXY: address,
    HTTPS_PROXY: address,
    NO_PROXY: "",
    http_proxy: address,
    https_proxy: address,
    no_proxy: "",
  };
  return runCli(["pull", `hf:${REPO}`], { env });
}

const portOf = (hub: LoopbackHub): string => new URL(hub.endpoint).port;
const pulled = (): Buffer => readFileSync(join(folder, "models", REPO, FILE));

// No name server knows hub.invalid (RFC 2606): what arrives there came by the proxy.
test("in the clear, the proxy is given every request", async () => {
  expect(await pull(open, "hub.invalid")).toMatchObject({ code: 0 });
  expect(pulled().equals(CONTENT)).toBe(true);
  expect(proxy.asked.slice(0, 2)).toEqual([
    `GET http://hub.invalid:${portOf(open)}/api/models/${REPO}/revision/main`,
    `GET http://hub.invalid:${portOf(open)}/api/models/${REPO}/tree/${"1".repeat(40)}?recursive=true`,
  ]);
  expect(proxy.asked.at(-1)).toContain(`/${REPO}/${FILE}?signature=1`);
});

test("encrypted, the proxy hears names only, and a tunnel that breaks is opened again", async () => {
  // The commit, the listing and the redirect come whole, the file does not.
  proxy.cuts.push(Infinity, Infinity, Infinity, 100_000);
  expect(await pull(encrypted, "localhost")).toMatchObject({ code: 0 });
  expect(pulled().equals(CONTENT)).toBe(true);
  expect(encrypted.ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  const hub = `CONNECT localhost:${portOf(encrypted)}`;
  // The storage, which the redirect names by its address.
  const storage = expect.stringMatching(/^CONNECT 127\.0\.0\.1:\d+$/);
  expect(proxy.asked).toEqual([hub, hub, hub, storage, hub, storage]);
});

test("a certificate for another name is not trusted, by whatever way it came", async () => {
  const { code, stderr } = await pull(encrypted, "elsewhere.invalid");
  expect(code).toBe(1);
  expect(stderr).toContain(`by the proxy ${proxy.host}: Hostname/IP does not match certificate's altnames`);
});

test.each([
  ["in the clear", () => open],
  ["encrypted", () => encrypted],
])("a proxy that wants an account gets it, or is named: %s", async (_how, hub) => {
  proxy.account = "someone@work:secret";
  const refused = await pull(hub(), "localhost");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain(
    `by the proxy ${proxy.host}: it answered with status 407; name it as http://USER:PASSWORD@HOST:PORT`,
  );
  expect(await pull(hub(), "localhost", "someone%40work:secret@")).toMatchObject({ code: 0 });
});
