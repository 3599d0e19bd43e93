/**
 * Every way Headwater says no, what it does to a WebSocket, and whether trying the same thing again can help.
 *
 * Close codes 4400–4499 make a stock `y-websocket` client stop for good, so only what can never become valid
 * gets one; every other code lets clients reconnect.
 */
export const ERROR_CODES = {
  // what a peer sent
  HW_FRAME_TEXT: { closeCode: 1003, retryable: false },
  HW_FRAME_MALFORMED: { closeCode: 4400, retryable: false },
  HW_MESSAGE_TOO_LARGE: { closeCode: 1009, retryable: false },
  HW_UPDATE_MALFORMED: { closeCode: 4422, retryable: false },
  HW_AWARENESS_MALFORMED: { closeCode: 4423, retryable: false },
  HW_AWARENESS_TOO_LARGE: { closeCode: 4413, retryable: false },
  HW_ACCESS_DENIED: { closeCode: 4403, retryable: false },
  HW_ACCESS_UNDECIDED: { closeCode: 1013, retryable: true },
  HW_TOKEN_EXPIRED: { closeCode: 1008, retryable: true },
  HW_NOT_AUTHENTICATED: { closeCode: 1008, retryable: true },
  HW_READ_ONLY: { closeCode: undefined, retryable: false },
  HW_TOO_MANY_DOCUMENTS: { closeCode: undefined, retryable: true },
  HW_TOO_MUCH_WAITING: { closeCode: 1013, retryable: true },
  HW_RATE_EXCEEDED: { closeCode: 1013, retryable: true },
  HW_SLOW_CONSUMER: { closeCode: 1013, retryable: true },
  // what happened here
  HW_SHUTTING_DOWN: { closeCode: 1012, retryable: true },
  HW_DOCUMENT_OUTDATED: { closeCode: 1012, retryable: true },
  HW_DOCUMENT_UNREADABLE: { closeCode: 1011, retryable: true },
  HW_DOCUMENT_DELETED: { closeCode: 4410, retryable: false },
  // at the upgrade, before there is a WebSocket
  HW_NAME_INVALID: { closeCode: undefined, retryable: false },
  // starting
  HW_OPTIONS_INVALID: { closeCode: undefined, retryable: false },
  HW_LISTEN_FAILED: { closeCode: undefined, retryable: false },
  // the store
  HW_STORE_LOCKED: { closeCode: undefined, retryable: true },
  HW_STORE_UNUSABLE: { closeCode: undefined, retryable: false },
  HW_STORE_NEWER_FORMAT: { closeCode: undefined, retryable: false },
  HW_STORE_CORRUPT: { closeCode: undefined, retryable: false },
  HW_STORE_WRITE_FAILED: { closeCode: undefined, retryable: true },
  HW_STORE_UNAVAILABLE: { closeCode: undefined, retryable: true },
  HW_STORE_READ_ONLY: { closeCode: undefined, retryable: false },
  HW_STORE_CLOSED: { closeCode: undefined, retryable: false },
  HW_DOCUMENT_UNKNOWN: { closeCode: undefined, retryable: false },
  HW_DOCUMENT_EXISTS: { closeCode: undefined, retryable: false },
  // several instances
  HW_CLUSTER_SECRET_WRONG: { closeCode: undefined, retryable: false },
  HW_CLUSTER_VERSIONS_DIFFER: { closeCode: undefined, retryable: true },
  HW_CLUSTER_OTHER_STORE: { closeCode: undefined, retryable: false },
  HW_CLUSTER_STORE_OUTDATED: { closeCode: undefined, retryable: false },
  HW_REDIS_REFUSED: { closeCode: undefined, retryable: false },
  HW_RELAY_MALFORMED: { closeCode: undefined, retryable: false },
  // the history
  HW_MOMENT_UNKNOWN: { closeCode: undefined, retryable: false },
  HW_VERSION_UNKNOWN: { closeCode: undefined, retryable: false },
  HW_VERSION_INVALID: { closeCode: undefined, retryable: false },
  HW_RETENTION_INVALID: { closeCode: undefined, retryable: false },
  // the HTTP API
  HW_REQUEST_INVALID: { closeCode: undefined, retryable: false },
  HW_REQUEST_TOO_LARGE: { closeCode: undefined, retryable: false },
  HW_API_REFUSED: { closeCode: undefined, retryable: false },
  HW_API_TOKEN_WRONG: { closeCode: undefined, retryable: false },
  HW_API_BUSY: { closeCode: undefined, retryable: true },
  HW_INTERNAL: { closeCode: undefined, retryable: false },
  // seen by its clients
  HW_SERVER_UNREACHABLE: { closeCode: undefined, retryable: true },
  HW_ANSWER_UNUSABLE: { closeCode: undefined, retryable: false },
  HW_SERVER_INCOMPATIBLE: { closeCode: undefined, retryable: false },
  HW_TOKEN_UNAVAILABLE: { closeCode: undefined, retryable: true },
  HW_OFFLINE_UNAVAILABLE: { closeCode: undefined, retryable: false },
  HW_PROVIDER_CLOSED: { closeCode: undefined, retryable: false },
} as const satisfies Record<string, { closeCode: number | undefined; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * The one error class. Branch on {@link HeadwaterError.code}, never on the message. What a code means to a server is no part of it, or every
 * page that knows the class would carry the table.
 */
export class HeadwaterError extends Error {
  override readonly name = 'HeadwaterError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The WebSocket close code an error ends a connection with; `undefined` for errors no socket ever sees. */
export function closeCodeOf({ code }: HeadwaterError): number | undefined {
  return ERROR_CODES[code].closeCode;
}

/** Whether it is a Headwater's no to something that may succeed later. */
export function isRetryable(error: unknown): error is HeadwaterError {
  return error instanceof HeadwaterError && ERROR_CODES[error.code].retryable;
}
