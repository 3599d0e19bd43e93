import { z } from '@hono/zod-openapi';

/** A whole number in a path or a query. */
export function integer({ min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number }) {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
  const error = `expected a whole number, ${range}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error)
    .openapi({ type: 'integer', minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) });
}

/** Milliseconds since the epoch. */
export const timeSchema = z
  .number()
  .openapi({ description: 'Milliseconds since the epoch.', example: 1_790_000_000_000 });

export const sequenceSchema = z.int().openapi({
  description: 'A moment: the number of a log record, and the document after it; 0 is the empty document.',
});

export const momentQuerySchema = integer({}).openapi({ description: 'A moment.' });

/** What every path below a document holds. */
export const documentParams = z.object({
  name: z.string().openapi({
    param: { name: 'name', in: 'path' },
    description: 'The name of the document as one segment, percent-encoded (encodeURIComponent).',
    example: 'notes',
  }),
});

/** Who makes an edit, where the request does not say. */
const DEFAULT_AUTHOR = 'api';
const MAX_AUTHOR_BYTES = 1024;

export const authorSchema = z
  .string()
  .refine((author) => author.trim() !== '' && Buffer.byteLength(author) <= MAX_AUTHOR_BYTES, {
    error: `expected 1 to ${MAX_AUTHOR_BYTES} bytes of text`,
  })
  .default(DEFAULT_AUTHOR)
  .openapi({ description: 'Who makes the edit.' });

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string().openapi({ description: 'One of docs/errors.md.', example: 'HW_DOCUMENT_UNKNOWN' }),
      message: z.string().openapi({ description: 'One line for people.' }),
    }),
  })
  .openapi('Error');

export const versionSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    author: z.string(),
    createdMs: timeSchema,
    sequence: sequenceSchema,
  })
  .readonly()
  .openapi('NamedVersion');

/** The number of the record an edit became. */
export const editedSchema = z.object({ sequence: sequenceSchema }).openapi('Edited');
