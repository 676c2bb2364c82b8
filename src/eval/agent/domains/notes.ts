/** Notes and to-do lists. */

import type { Intent } from "../intent.ts";
import { DATE, enumOf, ID, listOf, TEXT, WORD } from "../values/kinds.ts";
import { productName, shortText } from "../values/names.ts";
import { numberValue, stringKind, stringValue } from "../values/value.ts";

const text = (names: readonly string[], about: string) =>
  ({
    key: "text",
    names,
    about,
    kind: TEXT,
    ask: "What should it say?",
    reply: '({text}|"{text}")',
  }) as const;

const LIST = {
  key: "list",
  names: ["list", "list_name", "to"],
  about: "(Which list|Name of the list)",
  kind: WORD,
  optional: true,
} as const;

export const NOTES: readonly Intent[] = [
  {
    concept: "add_note",
    names: ["add_note", "create_note", "save_note", "new_note", "write_note"],
    about: "(Save a note|Write a note|Create a note)",
    slots: [
      text(["text", "content", "note", "body"], "(Text of the note|What to write)"),
      { key: "tag", names: ["tag", "label", "category"], about: "(A tag for it)", kind: WORD, optional: true },
    ],
    clauses: [
      "(save|add|write|make) a note[: {text}][ with tag {tag}]",
      'note down "{text}"[ with (the tag|tag) {tag}]',
      '(save|write) a note saying "{text}"[, tag {tag}]',
    ],
    results: (draw) => ({ note_id: numberValue(draw.int(10, 9999)) }),
    answer: "Saved, the note's id is {note_id}.",
  },
  {
    concept: "search_notes",
    names: ["search_notes", "find_notes", "find_note"],
    about: "(Search the notes|Find notes that contain a text)",
    slots: [text(["query", "text", "term"], "(What to look for|Search text)")],
    clauses: ['(search|look through) (my|the) notes for "{text}"', "find (my|the) notes about {text}"],
    results: (draw) => ({ found: numberValue(draw.int(1, 9)), first: stringValue(shortText(draw)) }),
    answer: "I found {found}; the first is {first}.",
  },
  {
    concept: "delete_note",
    names: ["delete_note", "remove_note"],
    about: "(Delete a note|Remove a note by its id)",
    slots: [
      {
        key: "note",
        names: ["note_id", "id", "note"],
        about: "(Id of the note)",
        kind: ID,
        ask: "Which note?",
        reply: "({note}|Note {note})",
      },
    ],
    clauses: ["(delete|remove|throw away) (the note|note)[ {note}]"],
    results: () => ({ status: stringValue("deleted") }),
    answer: "Note {note} is {status}.",
  },
  {
    concept: "add_todo",
    names: ["add_todo", "add_task", "create_task", "new_todo", "todo_add"],
    about: "(Add a task to a to-do list|Create a task|Put something on the to-do list)",
    slots: [
      {
        ...text(["task", "title", "text", "item"], "(The task|What is to be done)"),
        ask: "What is the task?",
      },
      LIST,
      { key: "due", names: ["due", "due_date", "deadline"], about: "(When it is due)", kind: DATE, optional: true },
      {
        key: "priority",
        names: ["priority", "importance"],
        about: "(How important it is)",
        kind: enumOf(["low", "medium", "high", "urgent", "normal"]),
        optional: true,
      },
    ],
    clauses: [
      '(add|put) "{text}" (on|to) (my to-do list|the list)[ {list}][, due {due}][, {priority} priority]',
      "(add|create) a task[: {text}][ in list {list}][, due {due}][ with priority {priority}]",
      "(add|create) the task {text}[ to the {list} list][, due {due}][ with {priority} priority]",
    ],
    results: (draw) => ({ task_id: stringValue(`t${draw.int(10, 999)}`) }),
    answer: "Added: task {task_id}.",
  },
  {
    concept: "complete_todo",
    names: ["complete_task", "finish_task", "mark_done", "check_off"],
    about: "(Mark a task as done|Complete a task)",
    slots: [
      {
        key: "task",
        names: ["task_id", "id", "task"],
        about: "(Id of the task)",
        kind: ID,
        ask: "Which task?",
        reply: "({task}|Task {task})",
      },
    ],
    clauses: ["(mark|tick) task {task} (as done|off)", "(complete|finish) (the task|task)[ {task}]"],
    results: () => ({ status: stringValue("done") }),
    answer: "Task {task} is {status}.",
  },
  {
    concept: "add_items",
    names: ["add_items", "add_to_shopping_list", "shopping_list_add"],
    about: "(Add things to the shopping list|Put items on the shopping list)",
    slots: [
      {
        key: "items",
        names: ["items", "things", "entries"],
        about: "(What to buy|The items)",
        kind: listOf(stringKind(productName)),
        ask: "Which items?",
        reply: "({items}|{items}, please)",
      },
    ],
    clauses: [
      "(add|put) {items} (to|on) (my|the) shopping list",
      "(add|put) (something|things) on my shopping list[: {items}]",
    ],
    results: (draw) => ({ total: numberValue(draw.int(3, 25)) }),
    answer: "Added. The list has {total} items now.",
  },
];
