/**
 * A value of parsed JSON for a message: its JSON, cut short. Of lists and objects only the outermost is shown,
 * since JSON.parse reads any depth and JSON.stringify does not write it.
 */
export function shortJson(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.slice(0, SHOWN_UNITS).map(scalarJson).join(",")}]` : scalarJson(value);
  return text.length > SHOWN_UNITS ? `${text.slice(0, SHOWN_UNITS)}...` : text;
}

const SHOWN_UNITS = 80;

function scalarJson(value: unknown): string {
  if (Array.isArray(value)) return "[...]";
  return typeof value === "object" && value !== null ? "{...}" : (JSON.stringify(value) ?? "undefined");
}
