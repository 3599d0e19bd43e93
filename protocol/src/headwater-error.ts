/** What no WebSocket is closed with. */
const NEVER_CLOSES = { closeCode: undefined, retryable: false } as const;
const NEVER_CLOSES_RETRYABLE = { closeCode: undefined, retryable: true } as const;

/**
 * Every way Headwater says no, what it does to a WebSocket, and whether trying the same thing again can help.
 *
 * Close codes 4400–4499 make a stock `y-websocket` client stop for good, so only input that can never become valid
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
  HW_READ_ONLY: NEVER_CLOSES,
  HW_TOO_MANY_DOCUMENTS: NEVER_CLOSES,
  HW_TOO_MUCH_WAITING: { closeCode: 1013, retryable: true },
  HW_RATE_EXCEEDED: { closeCode: 1013, retryable: true },
  HW_SLOW_CONSUMER: { closeCode: 1013, retryable: true },
  // what happened here
  HW_SHUTTING_DOWN: { closeCode: 1012, retryable: true },
  HW_DOCUMENT_OUTDATED: { closeCode: 1012, retryable: true },
  HW_DOCUMENT_UNREADABLE: { closeCode: 1011, retryable: true },
  // at the upgrade, before there is a WebSocket
  HW_NAME_INVALID: NEVER_CLOSES,
  // starting
  HW_OPTIONS_INVALID: NEVER_CLOSES,
  HW_LISTEN_FAILED: NEVER_CLOSES,
  // the store
  HW_STORE_LOCKED: NEVER_CLOSES_RETRYABLE,
  HW_STORE_UNUSABLE: NEVER_CLOSES,
  HW_STORE_NEWER_FORMAT: NEVER_CLOSES,
  HW_STORE_CORRUPT: NEVER_CLOSES,
  HW_STORE_WRITE_FAILED: NEVER_CLOSES_RETRYABLE,
  HW_STORE_UNAVAILABLE: NEVER_CLOSES_RETRYABLE,
  HW_STORE_READ_ONLY: NEVER_CLOSES,
  HW_STORE_CLOSED: NEVER_CLOSES,
  HW_DOCUMENT_UNKNOWN: NEVER_CLOSES,
  HW_DOCUMENT_EXISTS: NEVER_CLOSES,
  // several instances
  HW_CLUSTER_SECRET_WRONG: NEVER_CLOSES,
  HW_CLUSTER_VERSIONS_DIFFER: NEVER_CLOSES_RETRYABLE,
  HW_CLUSTER_OTHER_STORE: NEVER_CLOSES,
  HW_REDIS_REFUSED: NEVER_CLOSES,
  HW_RELAY_MALFORMED: NEVER_CLOSES,
  // the history
  HW_MOMENT_UNKNOWN: NEVER_CLOSES,
  HW_VERSION_UNKNOWN: NEVER_CLOSES,
  HW_VERSION_INVALID: NEVER_CLOSES,
  HW_RETENTION_INVALID: NEVER_CLOSES,
  // the HTTP API
  HW_REQUEST_INVALID: NEVER_CLOSES,
  HW_REQUEST_TOO_LARGE: NEVER_CLOSES,
  HW_API_REFUSED: NEVER_CLOSES,
  HW_API_TOKEN_WRONG: NEVER_CLOSES,
  HW_API_BUSY: NEVER_CLOSES_RETRYABLE,
  HW_INTERNAL: NEVER_CLOSES,
  // seen by its clients
  HW_SERVER_UNREACHABLE: NEVER_CLOSES_RETRYABLE,
  HW_ANSWER_UNUSABLE: NEVER_CLOSES,
  HW_SERVER_INCOMPATIBLE: NEVER_CLOSES,
  HW_TOKEN_UNAVAILABLE: NEVER_CLOSES_RETRYABLE,
  HW_OFFLINE_UNAVAILABLE: NEVER_CLOSES,
  HW_PROVIDER_CLOSED: NEVER_CLOSES,
} as const satisfies Record<string, { closeCode: number | undefined; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error class. Branch on {@link HeadwaterError.code}, never on the message. */
export class HeadwaterError extends Error {
  override readonly name = 'HeadwaterError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The WebSocket close code this error ends a connection with; `undefined` for errors no socket ever sees. */
  get closeCode(): number | undefined {
    return ERROR_CODES[this.code].closeCode;
  }

  /** Whether the same attempt may succeed later. */
  get isRetryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}
