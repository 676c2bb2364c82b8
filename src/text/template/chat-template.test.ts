import { describe, expect, it } from "vitest";

import { parseChatTemplate } from "./chat-template.ts";
import type { ChatMessage, ChatTemplateInput } from "./types.ts";

const USER: readonly ChatMessage[] = [{ role: "user", content: "hi" }];

function render(source: string, input: Partial<ChatTemplateInput> = {}): string {
  const defaults = { messages: USER, addGenerationPrompt: true, bosToken: "<s>", eosToken: "</s>" };
  return parseChatTemplate(source).render({ ...defaults, ...input });
}

describe("parseChatTemplate", () => {
  it("renders messages with the model's tokens", () => {
    const source = `{{ bos_token }}
{%- for message in messages %}
    {{- '[' + message['role'] + ']' + message.content + eos_token }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '[assistant]' }}{% endif %}`;
    expect(render(source)).toBe("<s>[user]hi</s>[assistant]");
    expect(render(source, { addGenerationPrompt: false })).toBe("<s>[user]hi</s>");
  });

  it("drops the lines of statements, as apply_chat_template does", () => {
    expect(render("{% if true %}\n  a\n  {% endif %}\nb")).toBe("  a\nb");
  });

  it("gives tools, or null where there are none", () => {
    const source = "{% if tools is none %}none{% else %}{{ tools | tojson }}{% endif %}";
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }] as const;
    expect(render(source)).toBe("none");
    expect(render(source, { tools: [] })).toBe("none");
    expect(render(source, { tools })).toBe(
      '[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]',
    );
  });

  it("loops over tools that are not there, as over what is undefined, where nothing asks for them before", () => {
    const source = "{% for tool in tools %}{{ tool }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}";
    expect(render(source)).toBe("hi");
  });

  it("keeps a developer's role for a template that knows it, and only for that", () => {
    const messages = [{ role: "developer", content: "x" }];
    expect(render("{{ messages[0].role }}", { messages })).toBe("system");
    const knowing = "{% if messages[0].role == 'developer' %}D{% else %}{{ messages[0].role }}{% endif %}";
    expect(render(knowing, { messages })).toBe("D");
  });

  it("takes further variables, which never replace its own", () => {
    const variables = { enable_thinking: false, bos_token: "x", messages: [], true: false };
    const source = "{{ bos_token }}{{ messages | length }}{% if true and not enable_thinking %}quick{% endif %}";
    expect(render(source, { variables })).toBe("<s>1quick");
  });

  it("shows the clock as it is told", () => {
    expect(render("{{ strftime_now('%d %b %Y') }}", { now: new Date(2026, 6, 4) })).toBe("04 Jul 2026");
  });

  it("finds out whether a template wants content as strings or as parts", () => {
    const parts = "{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}";
    const strings = "{% for m in messages %}{{ m.content | trim }}{% endfor %}";
    const both =
      "{% for m in messages %}{% if m.content is string %}S{{ m.content }}{% else %}P{% endif %}{% endfor %}";
    const content = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const ask = (source: string): readonly string[] => [
      render(source, { messages: [{ role: "user", content: "hi" }] }),
      render(source, { messages: [{ role: "user", content }] }),
    ];
    expect(ask(parts)).toEqual(["hi", "ab"]);
    expect(ask(strings)).toEqual(["hi", "a\nb"]);
    expect(ask(both)).toEqual(["Shi", "Sa\nb"]);
  });

  it("reports the template's own refusal in its words", () => {
    const source = "{% if messages[0].role == 'system' %}{{ raise_exception('No system role, please') }}{% endif %}ok";
    expect(render(source)).toBe("ok");
    const refused = (): string => render(source, { messages: [{ role: "system", content: "x" }] });
    expect(refused).toThrow(/No system role, please$/);
    expect(refused).toThrow(expect.objectContaining({ code: "template_failed" }));
  });

  const failing: readonly (readonly [what: string, source: string])[] = [
    ["a call of nothing", "{{ nothing() }}"],
    ["a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"],
    [
      "text that doubles",
      "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    ],
    ["a range that is too long", "{{ range(100000000) | length }}"],
    ["a range without a step", "{{ range(1, 2, 0) | length }}"],
  ];
  for (const [what, source] of failing) {
    it(`fails with a typed error for ${what}`, () => {
      expect(() => render(source)).toThrow(expect.objectContaining({ code: "template_failed" }));
    });
  }

  it("fails with a typed error for a variable that is no plain data", () => {
    const input = { variables: { big: 1n } };
    expect(() => render("a", input)).toThrow(expect.objectContaining({ code: "template_failed" }));
  });

  for (const source of ["{% for %}", "{{ (", "{% if x %}", `{{ ${"(".repeat(100_000)} }}`]) {
    it(`refuses ${JSON.stringify(source.slice(0, 12))} as no template`, () => {
      expect(() => parseChatTemplate(source)).toThrow(expect.objectContaining({ code: "template_invalid" }));
    });
  }
});
