/** Which key a route asks for, as the tables of routes say it. */

import type { Route } from "./routes.ts";

export const KEY_COLUMN: Readonly<Record<Route["access"], string>> = { key: "yes", admin: "admin", anyone: "no" };
