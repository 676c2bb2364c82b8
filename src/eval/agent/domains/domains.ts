/** All hand-written intents. */

import type { Intent } from "../intent.ts";
import { CALCULATOR } from "./calculator.ts";
import { CALENDAR } from "./calendar.ts";
import { CONVERSION } from "./conversion.ts";
import { DEVICE_CONTROL } from "./devices.ts";
import { FILES } from "./files.ts";
import { NOTES } from "./notes.ts";
import { ORDERS } from "./orders.ts";
import { WEATHER } from "./weather.ts";

export const DOMAINS: readonly (readonly Intent[])[] = [
  CALCULATOR,
  CONVERSION,
  WEATHER,
  CALENDAR,
  NOTES,
  FILES,
  ORDERS,
  DEVICE_CONTROL,
];
