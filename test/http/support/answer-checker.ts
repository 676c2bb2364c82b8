/** Holds a server's answers against the OpenAPI document that it serves. */

import type { ValidateFunction } from "ajv";
import { createValidator } from "../../support/schema-property.ts";
import { readEventData, type TestServer } from "./test-server.ts";

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Record<string, Described> }>>>>;
}

export interface AskOptions {
  /** Of the path. */
  readonly id?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type AnswerJson = Readonly<Record<string, unknown>>;

/** Sends a request, in process. */
type Send = (path: string, init: RequestInit) => Promise<Response>;

export class AnswerChecker {
  readonly #document: Document;
  readonly #validators = new Map<string, ValidateFunction>();
  /** "POST /v1/sessions 200 application/json" of every answer that was held against its schema. */
  readonly met = new Set<string>();

  private constructor(document: Document) {
    this.#document = document;
  }

  static async of({ get }: TestServer): Promise<AnswerChecker> {
    return new AnswerChecker(closed(await (await get("/openapi.json")).json()) as Document);
  }

  /** Every answer that the document has a JSON schema for, as `met` lists them; refusals are not among them. */
  get described(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, { content = {} }]) =>
          Object.entries(content)
            .filter(([, { schema }]) => status !== "default" && ("$ref" in schema || "anyOf" in schema))
            .map(([type]) => `${method.toUpperCase()} ${path} ${status} ${type}`),
        ),
      ),
    );
  }

  /**
   * Sends the request of `operation`, such as "POST /v1/sessions/{id}/fork", gives its answer's JSON (of a stream the
   * first event's), and adds to `problems` how answers differ from what is described.
   */
  async request(send: Send, operation: string, options: AskOptions, problems: string[]): Promise<AnswerJson> {
    const { id = "", body, headers = {} } = options;
    const [method = "", path = ""] = operation.split(" ");
    const response = await send(path.replace("{id}", id), {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
    const answers = type === "text/event-stream" ? await readEventData(response) : [await response.json()];
    for (const answer of answers) problems.push(...this.#problems(`${method} ${path}`, response.status, type, answer));
    return answers[0] as AnswerJson;
  }

  #problems(operation: string, status: number, type: string, answer: unknown): string[] {
    const [method = "", path = ""] = operation.split(" ");
    const responses = this.#document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
    const described = responses[status] ?? responses["default"];
    const schema = described?.content?.[type]?.schema;
    const what = `${operation} ${status} ${type}`;
    if (schema === undefined) return [`${what} is not described`];
    const validate = this.#validators.get(what) ?? this.#compile(schema);
    this.#validators.set(what, validate);
    this.met.add(what);
    if (validate(answer)) return [];
    return (validate.errors ?? []).map(({ instancePath, message = "", params }) =>
      [what, instancePath, message, JSON.stringify(params), JSON.stringify(answer)].join(" "),
    );
  }

  /** With all of the document at hand, which schemas refer to. */
  #compile(schema: object): ValidateFunction {
    return createValidator().compile({ ...this.#document, ...schema });
  }
}

/** `document` with objects that may have no fields but those it names: what is not described is a failure here. */
function closed(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(closed);
  if (typeof document !== "object" || document === null) return document;
  const fields = Object.fromEntries(Object.entries(document).map(([name, value]) => [name, closed(value)]));
  const isOpen = typeof fields["properties"] === "object" && fields["type"] === "object";
  return isOpen ? { additionalProperties: false, ...fields } : fields;
}
