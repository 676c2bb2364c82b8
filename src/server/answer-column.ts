/** The column of a table of routes that says what a route answers, by the schemas' names in `/openapi.json`. */

import type { AnswerNames, RouteAnswer } from "./answers/answer-schemas.ts";

/** `show` marks a name as the table's notation has it. */
export function answerColumn(answer: RouteAnswer, show: (name: string) => string = String): string {
  const listed = (names: AnswerNames): string => names.map((name) => show(name)).join(" or ");
  switch (answer.kind) {
    case "json":
      return listed(answer.bodies) + (answer.events === undefined ? "" : `, in a stream ${listed(answer.events)}`);
    case "document":
      return show(answer.contentType);
    case "redirect":
      return "redirect";
    case "refusal":
      return "error";
    default:
      return answer satisfies never;
  }
}
