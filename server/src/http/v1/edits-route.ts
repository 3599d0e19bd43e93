import { createRoute, z } from '@hono/zod-openapi';
import { answers, body, json, refusals } from './responses.ts';
import { authorSchema, documentParams, editedSchema, errorSchema, sequenceSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const restoreRoute = createRoute({
  method: 'post',
  path: '/documents/{name}/restore',
  summary: "Makes a document's content what it was at a moment, by an edit like any other, for everybody",
  request: { params: documentParams, body: body(z.strictObject({ at: sequenceSchema, author: authorSchema })) },
  responses: answers(editedSchema, 'The record it became; the last one, when there was nothing to change.'),
});

const forkRoute = createRoute({
  method: 'post',
  path: '/documents/{name}/fork',
  summary: 'Begins a new document with what this one was at a moment',
  request: {
    params: documentParams,
    body: body(
      z.strictObject({
        to: z.string().openapi({ description: 'The name of the new document.' }),
        at: sequenceSchema.optional().openapi({ description: 'The moment; without one, the last.' }),
        author: authorSchema,
      }),
    ),
  },
  responses: {
    201: json(editedSchema, 'The first record of the new document.'),
    409: json(errorSchema, 'There is a document of that name already.'),
    ...refusals,
  },
});

export function addEdits({ app, history }: V1): void {
  app.openapi(restoreRoute, async (context) => {
    const { at: moment, author } = context.req.valid('json');
    const sequence = await history.restore(context.req.valid('param').name, { moment, author });
    return context.json({ sequence }, 200);
  });

  app.openapi(forkRoute, async (context) => {
    const { name } = context.req.valid('param');
    const { to, at, author } = context.req.valid('json');
    const sequence = await history.fork(name, to, { moment: at ?? (await history.lastMoment(name)), author });
    return context.json({ sequence }, 201);
  });
}
