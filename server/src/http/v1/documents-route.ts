import type { DocumentInfo } from '@headwater/persistence';
import { createRoute, z } from '@hono/zod-openapi';
import { answers } from './responses.ts';
import { integer, sequenceSchema, timeSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

const documentSchema = z
  .object({
    name: z.string(),
    sequence: sequenceSchema,
    snapshotBytes: z.int(),
    tailRecords: z.int(),
    tailBytes: z.int(),
    waitingUpdates: z.int(),
    quarantinedUpdates: z.int(),
    createdMs: timeSchema,
    updatedMs: timeSchema,
  })
  .openapi('Document');

const listRoute = createRoute({
  method: 'get',
  path: '/documents',
  summary: "The documents, in the order of their names' UTF-8 bytes",
  request: {
    query: z.object({
      after: z.string().optional().openapi({ description: 'Those whose names come after this one.' }),
      limit: integer({ min: 1, max: MAX_LIMIT })
        .default(DEFAULT_LIMIT)
        .openapi({ description: 'At most so many.', default: DEFAULT_LIMIT }),
    }),
  },
  responses: answers(
    z
      .object({
        documents: z.array(documentSchema),
        next: z.string().optional().openapi({ description: 'Ask for those after this name; absent on the last page.' }),
      })
      .openapi('DocumentPage'),
    'A page of them.',
  ),
});

export function addDocuments({ app, store }: V1): void {
  app.openapi(listRoute, async (context) => {
    const { after, limit } = context.req.valid('query');
    const documents = [];
    // one more tells whether there are more
    for await (const info of store.list({ after, limit: limit + 1 })) documents.push(summaryOf(info));
    if (documents.length <= limit) return context.json({ documents }, 200);
    documents.length = limit;
    return context.json({ documents, next: documents.at(-1)?.name }, 200);
  });
}

function summaryOf({ documentName: name, ...rest }: DocumentInfo): z.input<typeof documentSchema> {
  return { name, ...rest };
}
