/** One update as it was accepted, and who sent it. */
export interface LogEntry {
  /** Yjs v1 update. */
  readonly update: Uint8Array;
  /** The session's verified user when there is one, else its connection. */
  readonly author: string;
}

/** One batch of one document: updates that arrived together, stored as one value. */
export interface LogRecord {
  /**
   * Position in the document's log, from 1. One follows the other, but where a power cut took a record that nobody had
   * been told was saved, and left a later one.
   */
  readonly sequence: number;
  /** When the server received the batch, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly entries: readonly LogEntry[];
}
