/** Finding, reading and changing files. */

import type { Draw } from "../draw.ts";
import type { Intent } from "../intent.ts";
import { booleanOf, COUNT, FILE, PATH, TEXT, WORD } from "../values/kinds.ts";
import { capitalised, filePath, shortText } from "../values/names.ts";
import { numberValue, stringValue } from "../values/value.ts";

export const FILE_PATH = {
  key: "path",
  names: ["path", "file", "file_path", "filename"],
  about: "(Path of the file|The file)",
  kind: PATH,
  ask: "Which file?",
  reply: "({path}|It is {path})",
} as const;

/** A line or two of a text: a heading, a phrase, a list. */
function fileText(draw: Draw): string {
  const [first, second] = [shortText(draw), shortText(draw)];
  return draw.pick([first, `# ${capitalised(first)}`, `${first}, ${second}`, `${capitalised(first)}: ${second}.`]);
}

const FOLDER = {
  key: "folder",
  names: ["folder", "directory", "dir"],
  about: "(Folder to look in|The folder)",
  kind: WORD,
} as const;

export const FILES: readonly Intent[] = [
  {
    concept: "read_file",
    names: ["read_file", "open_file", "get_file", "file_read", "cat_file", "show_file"],
    about: "(Read a file|Read a text file|Return a file's content)",
    slots: [
      FILE_PATH,
      {
        key: "lines",
        names: ["lines", "max_lines", "limit"],
        about: "(How many lines|Number of lines to read)",
        kind: COUNT,
        optional: true,
      },
    ],
    clauses: [
      "(read|open|show me) (the file|file) {path}[, only {lines} lines]",
      "(read|open|show me) {path}[, (first|the first) {lines} lines]",
      "(read|open) the file",
    ],
    questions: ["What does {path} say[, the first {lines} lines]?", "(What is in|What's in) (the file|file) {path}?"],
    followUp: { slot: "path", phrase: "(And|What about|Now) {path}?" },
    results: (draw) => ({ content: stringValue(fileText(draw)) }),
    answer: "It says: {content}",
  },
  {
    concept: "search_files",
    names: ["search_files", "find_files", "find_file", "file_search"],
    about: "(Find files by name|Search for files|Find a file by part of its name)",
    slots: [
      {
        key: "query",
        names: ["query", "name", "pattern"],
        about: "(What the name contains|Name to look for)",
        kind: FILE,
        ask: "Which file are you looking for?",
        reply: "({query}|It is called {query})",
      },
      { ...FOLDER, optional: true },
    ],
    clauses: [
      "(find|search for|look for|locate) (the file|a file)[ (called|named) {query}][ in {folder}]",
      "find {query}[ in the folder {folder}]",
    ],
    questions: ["Where is (the file |){query}[, in {folder}]?"],
    results: (draw) => ({ path: stringValue(filePath(draw)) }),
    answer: "It is at {path}.",
  },
  {
    concept: "write_file",
    names: ["write_file", "save_file", "create_file", "file_write"],
    about: "(Write text to a file|Save a file)",
    slots: [
      FILE_PATH,
      {
        key: "content",
        names: ["content", "text", "data"],
        about: "(What to write|Text of the file)",
        kind: TEXT,
        ask: "What should I write?",
        reply: '({content}|"{content}")',
      },
      {
        key: "append",
        names: ["append", "add_to_end"],
        about: "(Keep what the file has)",
        kind: booleanOf("keeping what is there", "replacing what is there"),
        optional: true,
      },
    ],
    clauses: [
      '(write|save) "{content}" (to|in|into) {path}[, {append}]',
      '(create|write) the file {path}[ with the text "{content}"][, {append}]',
    ],
    results: (draw) => ({ bytes: numberValue(draw.int(8, 900)) }),
    answer: "I wrote {bytes} bytes to {path}.",
  },
  {
    concept: "delete_file",
    names: ["delete_file", "remove_file", "file_delete"],
    about: "(Delete a file|Remove a file)",
    slots: [FILE_PATH],
    clauses: ["(delete|remove) (the file|file)[ {path}]", "(delete|remove) {path}"],
    results: () => ({ status: stringValue("deleted") }),
    answer: "{path} is {status}.",
  },
  {
    concept: "list_folder",
    names: ["list_folder", "list_directory", "list_files", "ls"],
    about: "(List a folder|List the files of a folder)",
    slots: [{ ...FOLDER, ask: "Which folder?", reply: "({folder}|The folder {folder})" }],
    clauses: [
      "list (the folder|the directory)[ {folder}]",
      "(show|list) the files in {folder}",
      "list what is in {folder}",
    ],
    questions: ["(Which files are|What is) in the folder {folder}?"],
    followUp: { slot: "folder", phrase: "(And in|What about|And) {folder}?" },
    results: (draw) => ({ count: numberValue(draw.int(1, 90)), newest: stringValue(filePath(draw)) }),
    answer: "There are {count} files; the newest is {newest}.",
  },
  {
    concept: "search_text",
    names: ["search_text", "grep", "search_in_files", "find_text"],
    about: "(Search the content of files|Find a text in files)",
    slots: [
      {
        key: "text",
        names: ["text", "pattern", "query"],
        about: "(The text to find)",
        kind: TEXT,
        ask: "Which text?",
        reply: '({text}|"{text}")',
      },
      { ...FOLDER, optional: true },
    ],
    clauses: ['(search|grep) (the files|all files) for "{text}"[ in {folder}]', 'find the text "{text}"[ in {folder}]'],
    questions: ['Which files contain "{text}"[ in {folder}]?'],
    results: (draw) => ({ matches: numberValue(draw.int(1, 60)), file: stringValue(filePath(draw)) }),
    answer: "{matches} matches, the first in {file}.",
  },
];
