/** Children that must not outlive this process, however it ends. */

const children = new Set();

process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
// By themselves these end a process without its exit handlers.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

/** Returns the child, which is killed where this process ends before it. */
export function endsWithUs(child) {
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}
