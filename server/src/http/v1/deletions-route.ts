import type { DeletedDocument } from '@headwater/persistence';
import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuerySchema } from './pages.ts';
import { answers } from './responses.ts';
import { documentParams, timeSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const deletedSchema = z.object({ name: z.string(), deletedMs: timeSchema }).openapi('DeletedDocument');

const deleteRoute = createRoute({
  method: 'delete',
  path: '/documents/{name}',
  summary: 'Deletes a document for good, for everybody; nobody who still has it brings it back',
  request: {
    params: documentParams,
    query: z.strictObject({
      allowReuse: z
        .enum(['true', 'false'])
        .default('false')
        .transform((value) => value === 'true')
        .openapi({ type: 'boolean', description: 'Leaves the name free, or makes it free again.', default: false }),
    }),
  },
  responses: answers(z.object({ existed: z.boolean() }).openapi('Deleted'), 'Whether there was one.'),
});

const listRoute = createRoute({
  method: 'get',
  path: '/deletions',
  summary: "What was deleted and may not be made anew, in the order of the names' UTF-8 bytes",
  request: { query: pageQuerySchema },
  responses: answers(
    z
      .object({
        deletions: z.array(deletedSchema),
        next: z.string().optional().openapi({ description: 'Ask for those after this name; absent on the last page.' }),
      })
      .openapi('DeletionPage'),
    'A page of them.',
  ),
});

export function addDeletions({ app, registry, store, logger }: V1): void {
  app.openapi(deleteRoute, async (context) => {
    const { name: documentName } = context.req.valid('param');
    const { allowReuse } = context.req.valid('query');
    const { remoteAddress } = context.env.incoming.socket;
    logger.info({ documentName, allowReuse, remoteAddress }, 'the API was asked to delete a document');
    const existed = await registry.delete(documentName, { allowReuse });
    return context.json({ existed }, 200);
  });

  app.openapi(listRoute, async (context) => {
    const { items: deletions, next } = await pageOf(
      context.req.valid('query'),
      (range) => store.listDeleted(range),
      named,
    );
    return context.json({ deletions, next }, 200);
  });
}

function named({ documentName: name, deletedMs }: DeletedDocument): z.input<typeof deletedSchema> {
  return { name, deletedMs };
}
