/**
 * Random access to a file's bytes. `native/` maps files; `formats/file-source.ts` reads them where
 * there is no native core; tests use bytes in memory.
 */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /**
   * The bytes [offset, offset + length). The caller must not write to them, nor use them after
   * `dispose`. Throws `file_unreadable` outside the file.
   */
  view(offset: number, length: number): Uint8Array;
  /** Whether the path leads to the file that was opened, with the size and time that it had then. */
  isCurrent(): boolean;
  dispose(): void;
}

/** Opens a path; passed to readers that may need more than one file. */
export type OpenByteSource = (path: string) => ByteSource;
