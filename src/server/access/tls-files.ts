/** The certificate and private key that the server answers TLS with, from PEM files. */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { fail } from "../../base/errors.ts";

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Null where neither is named. Throws `file_unreadable`, or `invalid_option` where one is missing or the
 * two do not belong together. The private key is in no message.
 */
export function readTlsFiles(certPath: string | null, keyPath: string | null): TlsFiles | null {
  if (certPath === null && keyPath === null) return null;
  if (certPath === null) return fail("invalid_option", { option: "--tls-key", problem: "needs --tls-cert." });
  if (keyPath === null) return fail("invalid_option", { option: "--tls-cert", problem: "needs --tls-key." });
  const files = { cert: readPem(certPath), key: readPem(keyPath) };
  try {
    createSecureContext(files);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const problem = `${certPath} and ${keyPath} are no certificate with its key in PEM form (${code}).`;
    fail("invalid_option", { option: "--tls-cert", problem });
  }
  return files;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
}
