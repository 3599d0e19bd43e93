import { createRoute, z } from '@hono/zod-openapi';
import { answers, body } from './responses.ts';
import { documentParams } from './schemas.ts';
import type { V1 } from './v1.ts';

const PATH = '/documents/{name}/retention';

/** Whether the numbers make sense together is said where retention is kept. */
const retentionSchema = z
  .union([
    z.literal('none'),
    z.strictObject({
      keepAllMs: z.number().openapi({ description: 'Every record younger than this is kept.' }),
      tiers: z
        .array(
          z
            .strictObject({
              everyMs: z.number().openapi({ description: 'Of each stretch of so long, the last state.' }),
              untilAgeMs: z.number().optional().openapi({ description: 'Up to this age; without it for ever.' }),
            })
            .readonly(),
        )
        .max(100)
        .readonly(),
      maxBytes: z.number().openapi({ description: 'Bytes on disk the history may take; the oldest goes first.' }),
    }),
  ])
  .openapi('Retention');

const inForceSchema = z.object({
  retention: retentionSchema,
  isOwn: z.boolean().openapi({ description: "Whether it is the document's own, and not the server's." }),
});

const getRoute = createRoute({
  method: 'get',
  path: PATH,
  summary: "How much of a document's past is kept",
  request: { params: documentParams },
  responses: answers(inForceSchema, 'What holds for it.'),
});

const putRoute = createRoute({
  method: 'put',
  path: PATH,
  summary: "Gives a document a retention of its own, or with null the server's again",
  request: { params: documentParams, body: body(z.strictObject({ retention: retentionSchema.nullable() })) },
  responses: answers(inForceSchema, 'What holds for it now.'),
});

export function addRetention({ app, history }: V1): void {
  app.openapi(getRoute, async (context) => {
    const { name } = context.req.valid('param');
    return context.json(await history.of(name).retention(name), 200);
  });

  app.openapi(putRoute, async (context) => {
    const { name } = context.req.valid('param');
    const { retention } = context.req.valid('json');
    await history.of(name).setRetention(name, retention ?? undefined);
    return context.json(await history.of(name).retention(name), 200);
  });
}
