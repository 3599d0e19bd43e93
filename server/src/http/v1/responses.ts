import type { z } from '@hono/zod-openapi';
import { errorSchema } from './schemas.ts';

const refusal = (description: string) => ({ description, content: { 'application/json': { schema: errorSchema } } });

/** What any request may be answered with instead. */
export const refusals = {
  400: refusal('A parameter or the body is not what is expected.'),
  401: refusal('The server has an apiToken, and this is not it.'),
  403: refusal('The API is not open to this client.'),
  404: refusal('There is no such document, moment or version.'),
  503: refusal('Not now: try again.'),
} as const;

/** An answer as JSON, and what may come instead. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { 200: json(schema, description), ...refusals };
}

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A body as JSON, without which there is no request. */
export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}
