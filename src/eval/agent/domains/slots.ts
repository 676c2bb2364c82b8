/** Slots that several domains have. */

import type { Slot } from "../intent.ts";
import { DATE, ID, PLACE, TIME } from "../values/kinds.ts";

export const CITY: Slot = {
  key: "city",
  names: ["city", "location", "place", "town"],
  about: "(Name of the city|The city|The place|Where)",
  kind: PLACE,
  ask: "Which city do you mean?",
  reply: "({city}|In {city}|{city}, please)",
};

export const DAY: Slot = {
  key: "date",
  names: ["date", "day", "when"],
  about: "(The day|The date|Date as the user gave it)",
  kind: DATE,
  ask: "On which day?",
  reply: "({date}|On {date}|{date} please)",
};

export const HOUR: Slot = {
  key: "time",
  names: ["time", "at", "start_time", "hour"],
  about: "(Time of day|The time|When it starts)",
  kind: TIME,
  ask: "At what time?",
  reply: "({time}|At {time}|{time} please)",
};

export const ORDER: Slot = {
  key: "order",
  names: ["order_id", "order", "order_number", "id"],
  about: "(The order's id|Id of the order|Number of the order)",
  kind: ID,
  ask: "What is the order's id?",
  reply: "({order}|It is {order}|Order {order})",
};
