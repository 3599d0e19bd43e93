import type { DocumentInfo } from '@headwater/persistence';
import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuerySchema } from './pages.ts';
import { answers } from './responses.ts';
import { sequenceSchema, timeSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

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
  request: { query: pageQuerySchema },
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
    const { items: documents, next } = await pageOf(
      context.req.valid('query'),
      (range) => store.list(range),
      summaryOf,
    );
    return context.json({ documents, next }, 200);
  });
}

function summaryOf({ documentName: name, ...rest }: DocumentInfo): z.input<typeof documentSchema> {
  return { name, ...rest };
}
