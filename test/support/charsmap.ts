/** Compiles spellings and their replacements into SentencePiece's `precompiled_charsmap`. */

interface Node {
  readonly children: Map<number, Node>;
  /** Offset of the replacement, or -1. */
  value: number;
}

/** Spellings are not empty and hold no zero byte. */
export function compileCharsmap(replacements: Readonly<Record<string, string>>): Uint8Array {
  const encoder = new TextEncoder();
  const root: Node = { children: new Map(), value: -1 };
  const texts: number[] = [];
  for (const [spelling, text] of Object.entries(replacements)) {
    let node = root;
    for (const byte of encoder.encode(spelling)) {
      const next = node.children.get(byte) ?? { children: new Map(), value: -1 };
      node.children.set(byte, next);
      node = next;
    }
    node.value = texts.length;
    texts.push(...encoder.encode(text), 0);
  }
  const units = layOut(root);
  const bytes = new Uint8Array(4 + units.length * 4 + texts.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, units.length * 4, true);
  for (const [index, unit] of units.entries()) view.setUint32(4 + index * 4, unit, true);
  bytes.set(texts, 4 + units.length * 4);
  return bytes;
}

/**
 * The double array of darts-clone. A node's children lie at its place xor its offset xor their byte, and
 * its own value at byte 0; each node gets a block of 256 units of its own, which is wasteful and simple.
 */
function layOut(root: Node): readonly number[] {
  const units: number[] = [];
  let blocks = 1;
  const place = (node: Node, at: number, label: number): void => {
    const base = blocks * 256;
    blocks += 1;
    // The offset is a multiple of 256 once the place's own low bits are taken away, which the label restores.
    const offset = at ^ (base | (at & 0xff));
    units[at] = ((offset >>> 8) << 10) | (1 << 9) | (node.value >= 0 ? 1 << 8 : 0) | label;
    const start = at ^ offset;
    if (node.value >= 0) units[start] = (0x80000000 | node.value) >>> 0;
    for (const [byte, child] of node.children) place(child, start ^ byte, byte);
  };
  place(root, 0, 0);
  return Array.from({ length: blocks * 256 }, (_, index) => units[index] ?? 0);
}
