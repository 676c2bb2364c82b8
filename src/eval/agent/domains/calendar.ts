/** Events, reminders, alarms. */

import type { Intent } from "../intent.ts";
import { booleanOf, COUNT, ID, listOf, PERSON, TEXT, WORD } from "../values/kinds.ts";
import { inventWord, shortText } from "../values/names.ts";
import { numberValue, stringValue } from "../values/value.ts";
import { DAY, HOUR } from "./slots.ts";

const TITLE = {
  key: "title",
  names: ["title", "name", "subject", "summary"],
  about: "(Title of the event|What it is called)",
  kind: TEXT,
  ask: "What should it be called?",
  reply: "({title}|Call it {title})",
} as const;

const EVENT_ID = {
  key: "event",
  names: ["event_id", "id", "event"],
  about: "(Id of the event|The event's id)",
  kind: ID,
  ask: "Which event?",
  reply: "({event}|Event {event})",
} as const;

export const CALENDAR: readonly Intent[] = [
  {
    concept: "create_event",
    names: ["create_event", "add_event", "schedule_event", "new_event", "calendar_add"],
    about: "(Add an event to the calendar|Create a calendar event|Put an event into the calendar)",
    slots: [
      TITLE,
      DAY,
      { ...HOUR, optional: true },
      {
        key: "minutes",
        names: ["duration", "minutes", "duration_minutes", "length"],
        about: "(How long, in minutes|Duration in minutes)",
        kind: COUNT,
        optional: true,
      },
      {
        key: "people",
        names: ["attendees", "people", "guests"],
        about: "(Who comes|Names of the guests)",
        kind: listOf(PERSON),
        optional: true,
      },
    ],
    clauses: [
      '(create|add|schedule) an event[ called "{title}"][ on {date}][ at {time}][ for {minutes} minutes][ with {people}]',
      '(put|add) "{title}" (in|into|to) my calendar[ on {date}][ at {time}][, {minutes} minutes][, guests: {people}]',
      "schedule {title}[ (on|for) {date}][ at {time}][ for {minutes} minutes][, inviting {people}]",
    ],
    results: (draw) => ({ id: stringValue(ID.make(draw, { type: "string" }).text), status: stringValue("created") }),
    answer: "The event is in your calendar. Its id is {id}.",
  },
  {
    concept: "list_events",
    names: ["list_events", "get_events", "show_calendar", "calendar_list"],
    about: "(List the events of a day|Show the calendar of a day)",
    slots: [DAY],
    clauses: ["(show|list) (my|the) events[ (on|for) {date}]", "show my calendar[ (for|on) {date}]"],
    questions: ["(What is on my calendar|What do I have|Which events are there)[ on {date}]?"],
    followUp: { slot: "date", phrase: "(And on|What about|And) {date}?" },
    results: (draw) => ({
      count: numberValue(draw.int(1, 6)),
      next: stringValue(shortText(draw)),
    }),
    answer: "You have {count} events on {date}; the next is {next}.",
  },
  {
    concept: "cancel_event",
    names: ["cancel_event", "delete_event", "remove_event"],
    about: "(Cancel an event|Delete an event from the calendar)",
    slots: [
      EVENT_ID,
      {
        key: "notify",
        names: ["notify", "notify_guests"],
        about: "(Tell the guests)",
        kind: booleanOf("tell the guests", "do not tell the guests"),
        optional: true,
      },
    ],
    clauses: ["(cancel|delete|remove) (the event|event)[ {event}][ and {notify}]"],
    results: () => ({ status: stringValue("cancelled") }),
    answer: "Event {event} is {status}.",
  },
  {
    concept: "move_event",
    names: ["move_event", "reschedule_event", "update_event"],
    about: "(Move an event to another day|Reschedule an event)",
    slots: [EVENT_ID, DAY, { ...HOUR, optional: true }],
    clauses: ["(move|reschedule) (the event|event) {event}[ to {date}][ at {time}]"],
    results: (draw) => ({ status: stringValue(draw.pick(["moved", "updated", "rescheduled"])) }),
    answer: "Event {event} is {status}.",
  },
  {
    concept: "set_reminder",
    names: ["set_reminder", "create_reminder", "add_reminder", "remind_me"],
    about: "(Set a reminder|Remind the user of something)",
    slots: [
      {
        ...TITLE,
        key: "text",
        names: ["text", "message", "what", "note"],
        about: "(What to remind of|The text)",
        ask: "What should I remind you of?",
        reply: "({text}|To {text})",
      },
      { ...HOUR, optional: false },
      { ...DAY, optional: true },
    ],
    clauses: ["remind me to {text}[ at {time}][ on {date}]", 'set a reminder[ "{text}"] at {time}[ on {date}]'],
    results: (draw) => ({ reminder: stringValue(`r${draw.int(10, 999)}`) }),
    answer: "Done, reminder {reminder} is set for {time}.",
  },
  {
    concept: "set_alarm",
    names: ["set_alarm", "alarm", "create_alarm"],
    about: "(Set an alarm|Wake the user)",
    slots: [
      HOUR,
      { key: "label", names: ["label", "name"], about: "(Label of the alarm)", kind: WORD, optional: true },
    ],
    clauses: ["set an alarm[ (for|at) {time}][ called {label}]", "wake me (up at|at) {time}[, label {label}]"],
    results: (draw) => ({ alarm: stringValue(inventWord(draw, 1)), status: stringValue("set") }),
    answer: "The alarm {alarm} is {status} for {time}.",
  },
];
