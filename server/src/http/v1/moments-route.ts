import { createRoute, z } from '@hono/zod-openapi';
import { answers } from './responses.ts';
import { documentParams, integer, momentQuerySchema, sequenceSchema, timeSchema, versionSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const MAX_LIMIT = 10_000;
const DEFAULT_LIMIT = 100;
const MAX_BUCKETS = 5_000;
const DEFAULT_BUCKETS = 500;

const momentSchema = z
  .object({
    sequence: sequenceSchema,
    timeMs: timeSchema,
    authors: z.array(z.string()).readonly(),
    updates: z.int().openapi({ description: 'Number of its updates; 0 where only the state is kept.' }),
    bytes: z.int(),
    kind: z.enum(['record', 'state']).openapi({ description: 'Whether the record is kept, or only what it led to.' }),
    versions: z.array(versionSchema).readonly(),
  })
  .openapi('Moment');

const historyRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/history',
  summary: 'The moments of a document, in the order of their numbers',
  request: {
    params: documentParams,
    query: z.object({
      after: momentQuerySchema.optional().openapi({ description: 'Those after this one, the earliest first.' }),
      before: momentQuerySchema
        .optional()
        .openapi({ description: 'Those before this one; without `after`, the last of them.' }),
      limit: integer({ min: 1, max: MAX_LIMIT })
        .default(DEFAULT_LIMIT)
        .openapi({ description: 'At most so many.', default: DEFAULT_LIMIT }),
    }),
  },
  responses: answers(z.object({ moments: z.array(momentSchema).readonly() }), 'A page of them.'),
});

const bucketSchema = z
  .object({
    fromMs: timeSchema,
    toMs: timeSchema,
    firstSequence: sequenceSchema,
    lastSequence: sequenceSchema.openapi({ description: 'Where nothing was written, the last moment before.' }),
    updates: z.int(),
    bytes: z.int(),
    byAuthor: z.record(z.string(), z.int()).openapi({ description: 'Number of updates by author.' }),
  })
  .openapi('TimelineBucket');

const timelineSchema = z
  .object({
    fromMs: timeSchema,
    toMs: timeSchema,
    firstSequence: sequenceSchema,
    lastSequence: sequenceSchema,
    buckets: z.array(bucketSchema).readonly(),
    versions: z.array(versionSchema).readonly(),
  })
  .openapi('Timeline');

const timelineRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/timeline',
  summary: 'When and by whom a document was written, in stretches of equal time',
  request: {
    params: documentParams,
    query: z.object({
      buckets: integer({ min: 1, max: MAX_BUCKETS })
        .default(DEFAULT_BUCKETS)
        .openapi({ description: 'So many.', default: DEFAULT_BUCKETS }),
    }),
  },
  responses: answers(timelineSchema, 'What to draw.'),
});

export function addMoments({ app, history }: V1): void {
  app.openapi(historyRoute, async (context) => {
    const { name } = context.req.valid('param');
    const moments = await history.of(name).moments(name, context.req.valid('query'));
    return context.json({ moments }, 200);
  });

  app.openapi(timelineRoute, async (context) => {
    const { buckets } = context.req.valid('query');
    return context.json(await history.timeline(context.req.valid('param').name, buckets), 200);
  });
}
