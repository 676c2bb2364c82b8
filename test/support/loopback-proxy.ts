/**
 * A forward proxy on this machine: passes on whole requests, and tunnels for encrypted ones (RFC 9110, 9.3.6).
 * Whatever name a client asks for, it goes to this machine.
 */

import { once } from "node:events";
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { pipeline } from "node:stream";

export class LoopbackProxy {
  /** "GET http://host:port/path", "CONNECT host:port". */
  readonly asked: string[] = [];
  /** A tunnel is cut, without a word, after so many bytes from the server; one entry each. */
  readonly cuts: number[] = [];
  /** "USER:PASSWORD" that every request must bring; null: none. */
  account: string | null = null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on("connection", (socket) => this.#keep(socket));
    this.#server.on("connect", (request, socket: Socket) => this.#tunnel(request, socket));
  }

  static async start(): Promise<LoopbackProxy> {
    const proxy = new LoopbackProxy();
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // Clients leave as they like.
    socket.on("error", () => {});
  }

  /** Whether the request may pass; notes what it asks for. */
  #admits({ method, url, headers }: IncomingMessage): boolean {
    this.asked.push(`${method} ${url}`);
    const expected = this.account === null ? undefined : `Basic ${Buffer.from(this.account).toString("base64")}`;
    return headers["proxy-authorization"] === expected;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#admits(request)) {
      response.writeHead(407).end();
      return;
    }
    const url = new URL(request.url ?? "");
    const { "proxy-authorization": _secret, ...headers } = request.headers;
    const onward = forward({
      host: "127.0.0.1",
      port: url.port,
      path: url.pathname + url.search,
      headers,
      agent: false,
    });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => {});
    });
    onward.on("error", () => response.destroy());
    onward.end();
  }

  #tunnel(request: IncomingMessage, client: Socket): void {
    if (!this.#admits(request)) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const server = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(server);
      this.#carry(server, client);
    });
    this.#keep(server);
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  }

  #carry(server: Socket, client: Socket): void {
    const cut = this.cuts.shift() ?? Infinity;
    let carried = 0;
    server.on("data", (bytes) => {
      carried += bytes.byteLength;
      if (carried > cut) client.resetAndDestroy();
      else client.write(bytes);
    });
  }
}
