/** Environment variables; `process.env` is one. Given to functions, so that tests need not change the process's. */
export type Environment = Readonly<Record<string, string | undefined>>;
