import type * as client from '@headwater/client/history';
import type { HistoryClient } from '@headwater/client/history';
import type * as persistence from '@headwater/persistence';
import type { DocumentHistory } from '@headwater/persistence';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type Served, serve } from './served.ts';

// What the types say is checked by `tsc -p test`: a difference does not compile.

test('the client has the shapes of the history itself', () => {
  expectTypeOf<client.Moment>().toEqualTypeOf<persistence.Moment>();
  expectTypeOf<client.NamedVersion>().toEqualTypeOf<persistence.NamedVersion>();
  expectTypeOf<client.ReplayStep>().toEqualTypeOf<persistence.ReplayStep>();
  expectTypeOf<client.ReplayRequest>().toEqualTypeOf<persistence.ReplayOptions>();
  expectTypeOf<client.DocumentDiff>().toEqualTypeOf<persistence.DocumentDiff>();
  expectTypeOf<client.TextBlame>().toEqualTypeOf<persistence.TextBlame>();
  expectTypeOf<client.Retention>().toEqualTypeOf<persistence.Retention>();
  expectTypeOf<client.RootContent>().toEqualTypeOf<persistence.RootContent>();
  expectTypeOf<Omit<client.DocumentSummary, 'name'>>().toEqualTypeOf<Omit<persistence.DocumentInfo, 'documentName'>>();
  expectTypeOf<persistence.HistoricState>().toExtend<client.HistoricState>();
});

/** What a program may use without knowing whether a server runs. */
type Shared = 'moments' | 'stateAt' | 'replay' | 'diff' | 'blame' | 'restore' | 'fork' | 'retention' | 'setRetention';
type Callable<T> = {
  [K in Shared & keyof T]: T[K] extends (...given: infer Given) => infer Answer ? (...given: Given) => Answer : never;
};

test('what is called on the history can be called on the client', () => {
  type Calls = Callable<DocumentHistory>;
  expectTypeOf<HistoryClient['moments']>().toExtend<Calls['moments']>();
  expectTypeOf<HistoryClient['replay']>().toExtend<Calls['replay']>();
  expectTypeOf<HistoryClient['diff']>().toExtend<Calls['diff']>();
  expectTypeOf<HistoryClient['blame']>().toExtend<Calls['blame']>();
  expectTypeOf<HistoryClient['restore']>().toExtend<Calls['restore']>();
  expectTypeOf<HistoryClient['fork']>().toExtend<Calls['fork']>();
  expectTypeOf<HistoryClient['retention']>().toExtend<Calls['retention']>();
  expectTypeOf<HistoryClient['setRetention']>().toExtend<Calls['setRetention']>();
  expectTypeOf<HistoryClient['stateAt']>().toExtend<(name: string, moment: number) => Promise<client.HistoricState>>();
  expectTypeOf<HistoryClient['versions']>().toExtend<Pick<persistence.NamedVersions, keyof client.VersionsClient>>();
});

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

describe('the OpenAPI description', () => {
  let served: Served;
  let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  let described: {
    readonly openapi: string;
    readonly components: { readonly schemas: Readonly<Record<string, object>> };
  };

  beforeAll(async () => {
    served = await serve();
    const answer = (await (await fetch(`${served.url}/v1/openapi.json`)).json()) as typeof described & {
      readonly paths: typeof paths;
    };
    described = answer;
    paths = answer.paths;
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test('has every operation of the contract, and no other', () => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );

    expect(operations.toSorted()).toEqual(
      [
        'GET /v1/deletions',
        'GET /v1/documents',
        'GET /v1/documents/{name}/blame',
        'GET /v1/documents/{name}/diff',
        'GET /v1/documents/{name}/history',
        'GET /v1/documents/{name}/replay',
        'GET /v1/documents/{name}/retention',
        'GET /v1/documents/{name}/state',
        'GET /v1/documents/{name}/timeline',
        'GET /v1/documents/{name}/versions',
        'PATCH /v1/documents/{name}/versions/{id}',
        'POST /v1/documents/{name}/fork',
        'POST /v1/documents/{name}/restore',
        'POST /v1/documents/{name}/versions',
        'PUT /v1/documents/{name}/retention',
        'DELETE /v1/documents/{name}',
        'DELETE /v1/documents/{name}/versions/{id}',
      ].toSorted(),
    );
  });

  test('says of each what it is for, what it takes and how it can fail', () => {
    for (const [path, methods] of Object.entries(paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary).toMatch(/^.{10,}$/);
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '403', '404', '503']));
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
        const told = operation.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? [];
        expect(told.toSorted()).toEqual(inPath.toSorted());
      }
    }
  });

  test('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify({ paths, described }).matchAll(/"#\/components\/schemas\/(\w+)"/g)];

    expect(references.length).toBeGreaterThan(10);
    for (const [, name] of references) expect(Object.keys(described.components.schemas)).toContain(name);
    expect(described.openapi).toBe('3.1.0');
  });

  test('describes a query as strings of digits cannot: as numbers, with their bounds', () => {
    const parameters = paths['/v1/documents/{name}/timeline']?.['get']?.parameters ?? [];

    expect(parameters.find(({ name }) => name === 'buckets')).toMatchObject({
      in: 'query',
      schema: { type: 'integer', minimum: 1, maximum: 5_000, default: 500 },
    });
  });
});
