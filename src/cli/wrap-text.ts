/** Prose for a terminal: lines of at most so many columns. */

/** `text` in lines of at most `columns`, each after `indent`; a longer word has a line of its own. */
export function wrapText(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `${each}\n`).join("");
}
