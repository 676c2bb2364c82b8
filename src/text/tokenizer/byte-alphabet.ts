/**
 * GPT-2's alphabet: one printable character for each byte, in which byte-level BPE vocabularies store
 * their tokens ("Ġthe" for " the").
 * Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), encoder.py.
 */

/** Characters of the alphabet are below this. */
export const ALPHABET_END = 0x144;

/** By character code: its byte, or -1. Length ALPHABET_END. */
export const BYTE_OF_CHARACTER: Int16Array = new Int16Array(ALPHABET_END).fill(-1);

/** By byte: its character. */
export const CHARACTER_OF_BYTE: readonly string[] = buildAlphabet();

function buildAlphabet(): readonly string[] {
  // Bytes that are printable in Latin-1 stand for themselves, the others follow from U+0100 on.
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    const code = printable ? byte : next++;
    BYTE_OF_CHARACTER[code] = byte;
    return String.fromCharCode(code);
  });
}
