/** Reading text files of one folder as a tool. Nothing outside of it is read, whatever the path or its links say. */

import { open, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { z } from "zod";
import { type AgentTool, defineTool } from "../tool.ts";

/** What a model is given at once. */
const MAX_BYTES = 16 * 1024;

/** Its schema says "number" alone: bounds are words that a small model would have to read. */
const wholeNumber = z.number().refine((value) => Number.isInteger(value) && value > 0, "must be 1, 2, 3, ...");

export function readFileTool(folder: string): AgentTool {
  return defineTool({
    name: "read_file",
    description: "Read a text file.",
    input: z.object({
      path: z.string().describe("Path of the file"),
      lines: wholeNumber.describe("How many lines, from the first on").optional(),
    }),
    async run({ path, lines }) {
      try {
        return await readWithin(folder, path, lines);
      } catch (error) {
        if (error instanceof Error && "code" in error) return { error: `${path}: ${reasonOf(String(error.code))}` };
        throw error;
      }
    },
  });
}

async function readWithin(folder: string, path: string, lines: number | undefined): Promise<object> {
  const root = await realpath(folder);
  const target = await realpath(resolve(root, path));
  if (!target.startsWith(root + sep)) return { error: `${path}: it is outside of the working folder` };
  const file = await open(target);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return { error: `${path}: it is no file` };
    const buffer = Buffer.alloc(Math.min(stat.size, MAX_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytes.includes(0)) return { error: `${path}: it is no text file` };
    const text = new TextDecoder().decode(bytes);
    const content = lines === undefined ? text : text.split("\n", lines).join("\n");
    const isCut = content === text && stat.size > MAX_BYTES;
    return { content, ...(isCut ? { truncated: true } : {}) };
  } finally {
    await file.close();
  }
}

function reasonOf(code: string): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "reading it is not permitted";
    default:
      return code;
  }
}
