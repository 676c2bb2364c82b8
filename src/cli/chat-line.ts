/** What a line typed into `turnwise chat` asks for. */

export type ChatLine =
  | { readonly kind: "empty" }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "help" }
  | { readonly kind: "reset" }
  | { readonly kind: "exit" }
  | { readonly kind: "system"; readonly text: string }
  | { readonly kind: "unknown"; readonly command: string };

/** A line that begins with a slash and a letter is a command; a second slash makes it a message. */
export function parseChatLine(line: string): ChatLine {
  const text = line.trim();
  if (text === "") return { kind: "empty" };
  if (text.startsWith("//")) return { kind: "message", text: text.slice(1) };
  const match = /^(\/[a-z?]+)(?:\s+([^]*))?$/i.exec(text);
  if (match === null) return { kind: "message", text };
  const command = (match[1] ?? "").toLowerCase();
  switch (command) {
    case "/help":
    case "/?":
      return { kind: "help" };
    case "/reset":
    case "/clear":
      return { kind: "reset" };
    case "/exit":
    case "/quit":
    case "/bye":
      return { kind: "exit" };
    case "/system":
      return { kind: "system", text: match[2] ?? "" };
    default:
      return { kind: "unknown", command };
  }
}
