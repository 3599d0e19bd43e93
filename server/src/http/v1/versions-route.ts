import { MAX_VERSION_TEXT_BYTES } from '@headwater/persistence';
import { createRoute, z } from '@hono/zod-openapi';
import { answers, body, json, refusals } from './responses.ts';
import { authorSchema, documentParams, sequenceSchema, versionSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const PATH = '/documents/{name}/versions';

const versionParams = documentParams.extend({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) });

/** What is too long is refused where versions are made, with a better word than a schema has. */
const labelSchema = z
  .string()
  .openapi({ description: `Up to ${MAX_VERSION_TEXT_BYTES} bytes of UTF-8.`, minLength: 1, example: 'sent to Ada' });

const listRoute = createRoute({
  method: 'get',
  path: PATH,
  summary: 'The named versions of a document',
  request: { params: documentParams },
  responses: answers(z.object({ versions: z.array(versionSchema).readonly() }), 'By moment, then by age.'),
});

const createRouteOf = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Names a moment',
  request: {
    params: documentParams,
    body: body(
      z.strictObject({
        label: labelSchema,
        at: sequenceSchema.optional().openapi({ description: 'The moment; without one, the last.' }),
        author: authorSchema,
      }),
    ),
  },
  responses: { 201: json(versionSchema, 'The version.'), ...refusals },
});

const renameRoute = createRoute({
  method: 'patch',
  path: `${PATH}/{id}`,
  summary: 'Gives a version another label',
  request: { params: versionParams, body: body(z.strictObject({ label: labelSchema })) },
  responses: answers(versionSchema, 'The version.'),
});

const deleteRoute = createRoute({
  method: 'delete',
  path: `${PATH}/{id}`,
  summary: 'Takes a name away; the moment stays for as long as retention keeps it',
  request: { params: versionParams },
  responses: { 204: { description: 'Done.' }, ...refusals },
});

export function addVersions({ app, history }: V1): void {
  app.openapi(listRoute, async (context) => {
    const { name } = context.req.valid('param');
    return context.json({ versions: await history.of(name).versions.list(name) }, 200);
  });

  app.openapi(createRouteOf, async (context) => {
    const { name } = context.req.valid('param');
    const { label, at: moment, author } = context.req.valid('json');
    return context.json(await history.of(name).versions.create(name, { label, moment, author }), 201);
  });

  app.openapi(renameRoute, async (context) => {
    const { name, id } = context.req.valid('param');
    return context.json(await history.of(name).versions.rename(name, id, context.req.valid('json').label), 200);
  });

  app.openapi(deleteRoute, async (context) => {
    const { name, id } = context.req.valid('param');
    await history.of(name).versions.delete(name, id);
    return context.body(null, 204);
  });
}
