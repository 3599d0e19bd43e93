import type { ReadableStreamDefaultController, UnderlyingSource } from 'node:stream/web';
import type { ReplayStep } from '@headwater/persistence';
import { createRoute, z } from '@hono/zod-openapi';
import type { Logger } from '../../logging/logger.ts';
import { answerOf, errorOf } from './errors.ts';
import { refusals } from './responses.ts';
import { documentParams, integer, momentQuerySchema, sequenceSchema, timeSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const MAX_PAUSE_MS = 60 * 60 * 1000;
/** Lines leave together up to about so many characters, unless they are meant to arrive one by one. */
const CHUNK_LENGTH = 32 * 1024;

const stepSchema = z
  .object({
    sequence: sequenceSchema,
    timeMs: timeSchema,
    author: z.string().optional(),
    kind: z.enum(['update', 'state']),
    update: z.string().openapi({ format: 'byte', description: 'Yjs v1 update to be applied to what came before.' }),
  })
  .openapi('ReplayStep');

const replayRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/replay',
  summary: 'Plays what was written, update by update',
  request: {
    params: documentParams,
    query: z.object({
      from: momentQuerySchema.optional().openapi({ description: 'The moment to begin with; 0 unless told.' }),
      to: momentQuerySchema.optional().openapi({ description: 'The last moment; that of now unless told.' }),
      speed: z
        .string()
        .regex(/^\d{0,12}(\.\d{1,6})?$/, 'expected a number')
        .transform(Number)
        .refine((speed) => speed > 0, 'expected a number above 0')
        .optional()
        .openapi({ type: 'number', description: 'Times as fast as it happened; as fast as it goes unless told.' }),
      maxPauseMs: integer({ max: MAX_PAUSE_MS }).optional().openapi({ description: 'No pause is longer.' }),
    }),
  },
  responses: {
    200: {
      description: 'One step a line; an error in place of a step ends it.',
      content: { 'application/x-ndjson': { schema: stepSchema } },
    },
    ...refusals,
  },
});

export function addReplay({ app, history, logger }: V1): void {
  app.openapi(replayRoute, async (context) => {
    const { name } = context.req.valid('param');
    const query = context.req.valid('query');
    const stopping = new AbortController();
    const steps = history.replay(name, { ...query, signal: stopping.signal });
    const first = await steps.next(); // what is wrong with the request shows here
    const isPaced = query.speed !== undefined;
    const body = new ReadableStream(new ReplaySource(first, steps, { stopping, isPaced, logger }));
    context.header('content-type', 'application/x-ndjson');
    return context.body(body) as never; // the types of a route know JSON and text only
  });
}

interface SourceOptions {
  /** Aborted when the client goes. */
  readonly stopping: AbortController;
  /** Whether each line is to leave when it is there. */
  readonly isPaced: boolean;
  readonly logger: Logger;
}

/** Lines of a replay, made when they are asked for: a client that does not read holds nothing but its place. */
class ReplaySource implements UnderlyingSource<Uint8Array> {
  #next: IteratorResult<ReplayStep, void> | undefined;
  readonly #steps: AsyncGenerator<ReplayStep, void>;
  readonly #options: SourceOptions;
  readonly #encoder = new TextEncoder();

  constructor(
    first: IteratorResult<ReplayStep, void>,
    steps: AsyncGenerator<ReplayStep, void>,
    options: SourceOptions,
  ) {
    this.#next = first;
    this.#steps = steps;
    this.#options = options;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    let lines = '';
    let isDone = false;
    try {
      while (!isDone && lines.length < (this.#options.isPaced ? 1 : CHUNK_LENGTH)) {
        const { done, value } = this.#next ?? (await this.#steps.next());
        this.#next = undefined;
        isDone = done === true;
        if (value !== undefined) lines += lineOf(value);
      }
    } catch (error) {
      lines += `${JSON.stringify(answerOf(errorOf(error, this.#options.logger)))}\n`;
      isDone = true;
    }
    if (this.#options.stopping.signal.aborted) return;
    if (lines !== '') controller.enqueue(this.#encoder.encode(lines));
    if (isDone) controller.close();
  }

  /** The client is gone: what waits is woken, and what is between two steps is ended. */
  async cancel(): Promise<void> {
    this.#options.stopping.abort();
    await this.#steps.return();
  }
}

function lineOf({ update, ...step }: ReplayStep): string {
  return `${JSON.stringify({ ...step, update: Buffer.from(update).toString('base64') })}\n`;
}
