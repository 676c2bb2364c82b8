/** A child process of `write-dataset`: `encode-block FOLDER SEED` renders and encodes blocks of the row. */

import { indicesOf, serveBlocks } from "./blocks.ts";
import { RoleMarker } from "./encode-conversation.ts";
import { folderTokenizer } from "./folder-tokenizer.ts";
import { textOf, trainingConversation } from "./training-text.ts";

export interface EncodedConversation {
  readonly text: string;
  readonly tokens: Int32Array;
  /** A byte for each token: who wrote it. */
  readonly roles: Uint8Array;
}

const [folder = ".", seed = "1"] = process.argv.slice(2);
const tokenizer = folderTokenizer(folder);
const marker = new RoleMarker(tokenizer);

serveBlocks((block): readonly EncodedConversation[] =>
  [...indicesOf(block)].map((index) => {
    const text = textOf(trainingConversation(Number(seed), index));
    const tokens = tokenizer.encode(text, { addSpecial: false, parseSpecial: true });
    return { text, tokens, roles: marker.mark(tokens) };
  }),
);
