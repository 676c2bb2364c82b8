/** Tells systemd that the service is ready, by its own program: Node opens no datagram sockets (sd_notify(3)). */

import { execFile } from "node:child_process";
import type { Environment } from "../base/environment.ts";

/** Does nothing outside a unit of Type=notify; a failure is reported to `onFailure` and otherwise ignored. */
export function notifyReady(env: Environment, onFailure: (reason: string) => void): void {
  if ((env["NOTIFY_SOCKET"] ?? "") === "") return;
  execFile("systemd-notify", ["--ready"], (error) => {
    if (error !== null) onFailure(`systemd-notify: ${error.message}`);
  });
}
