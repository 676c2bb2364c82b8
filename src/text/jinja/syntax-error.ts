/** Raised while a template is parsed; `template_invalid` to users. Not for what goes wrong while it runs. */

export class JinjaSyntaxError extends Error {
  constructor(message: string, line: number) {
    super(`line ${line}: ${message}`);
    this.name = "JinjaSyntaxError";
  }
}
