import { z } from '@hono/zod-openapi';
import { integer } from './schemas.ts';

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

/** Which page of something that is listed by name. */
export const pageQuerySchema = z.object({
  after: z.string().optional().openapi({ description: 'Those whose names come after this one.' }),
  limit: integer({ min: 1, max: MAX_LIMIT })
    .default(DEFAULT_LIMIT)
    .openapi({ description: 'At most so many.', default: DEFAULT_LIMIT }),
});

/** The page, and after which name the next one begins when there are more. */
export async function pageOf<T, Item extends { readonly name: string }>(
  { after, limit }: z.output<typeof pageQuerySchema>,
  list: (range: { readonly after?: string | undefined; readonly limit: number }) => AsyncIterable<T>,
  toItem: (listed: T) => Item,
): Promise<{ readonly items: Item[]; readonly next?: string | undefined }> {
  const items: Item[] = [];
  // one more tells whether there are more
  for await (const listed of list({ after, limit: limit + 1 })) items.push(toItem(listed));
  if (items.length <= limit) return { items };
  items.length = limit;
  return { items, next: items.at(-1)?.name };
}
