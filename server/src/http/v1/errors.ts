import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from '../../logging/logger.ts';

/** Codes that are not here are mistakes of ours: 500. */
const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  HW_REQUEST_INVALID: 400,
  HW_NAME_INVALID: 400,
  HW_VERSION_INVALID: 400,
  HW_RETENTION_INVALID: 400,
  HW_API_TOKEN_WRONG: 401,
  HW_API_REFUSED: 403,
  HW_DOCUMENT_UNKNOWN: 404,
  HW_MOMENT_UNKNOWN: 404,
  HW_VERSION_UNKNOWN: 404,
  HW_DOCUMENT_EXISTS: 409,
  HW_DOCUMENT_DELETED: 410,
  HW_REQUEST_TOO_LARGE: 413,
  HW_API_BUSY: 503,
  HW_SHUTTING_DOWN: 503,
  HW_DOCUMENT_OUTDATED: 503,
  HW_STORE_UNAVAILABLE: 503,
  HW_STORE_WRITE_FAILED: 503,
  HW_STORE_CLOSED: 503,
};

/** What a refusal says, in an answer or as the last line of a stream. */
export interface ErrorAnswer {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

export function answerOf({ code, message }: HeadwaterError): ErrorAnswer {
  return { error: { code, message } };
}

/** Whatever was thrown as one of our errors. What nobody thought of goes to the log, and its details nowhere else. */
export function errorOf(thrown: unknown, logger: Logger): HeadwaterError {
  if (thrown instanceof HeadwaterError) {
    if (!(thrown.code in STATUS)) logger.error({ err: thrown }, 'a request to the API failed');
    return thrown;
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new HeadwaterError('HW_REQUEST_INVALID', thrown.message, { cause: thrown });
  }
  logger.error({ err: thrown }, 'a request to the API failed');
  return new HeadwaterError('HW_INTERNAL', 'something went wrong here; the log of the server says what', {
    cause: thrown,
  });
}

/** Answers with an error; with the status of its code, unless a better one is known. */
export function refuse(context: Context, error: HeadwaterError, status = STATUS[error.code] ?? 500): Response {
  return context.json(answerOf(error), status);
}
