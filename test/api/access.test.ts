import { once } from 'node:events';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { HistoryClient } from '@headwater/client/history';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type ServerOptions } from '@headwater/server';
import { describe, expect, test } from 'vitest';
import { pagesScope } from '../../server/src/http/pages-scope.ts';
import { admit, isLocal } from '../../server/src/http/v1/access.ts';
import { serve } from './served.ts';

const LOCAL = { remoteAddress: '127.0.0.1', headers: { host: 'localhost:1234' } };

describe('who asks from this machine, by a name of this machine', () => {
  test.each(['localhost', 'LOCALHOST:1', 'app.localhost:80', '127.0.0.1:1234', '127.8.9.10', '[::1]:1234', '[::1]'])(
    'Host: %s is one',
    (host) => {
      expect(isLocal({ ...LOCAL, headers: { host } })).toBe(true);
    },
  );

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.evil:1',
    '192.168.1.2',
    '',
    '[::2]',
    'localhost:1:2',
    '0.0.0.0',
  ])('Host: %s is none', (host) => {
    expect(isLocal({ ...LOCAL, headers: { host } })).toBe(false);
  });

  test.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('%s is this machine', (remoteAddress) => {
    expect(isLocal({ ...LOCAL, remoteAddress })).toBe(true);
  });

  test.each(['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '::', undefined])('%s is another', (remoteAddress) => {
    expect(isLocal({ ...LOCAL, remoteAddress })).toBe(false);
  });

  test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'])(
    'a proxy that adds %s speaks for somebody else',
    (header) => {
      expect(isLocal({ ...LOCAL, headers: { ...LOCAL.headers, [header]: '127.0.0.1' } })).toBe(false);
    },
  );
});

test('a page from elsewhere cannot have the browser of this machine ask; a link may be followed', () => {
  const headers = { ...LOCAL.headers, 'sec-fetch-site': 'cross-site' };

  expect(isLocal({ ...LOCAL, headers: { ...headers, 'sec-fetch-mode': 'no-cors' } })).toBe(false);
  expect(isLocal({ ...LOCAL, headers: { ...headers, 'sec-fetch-mode': 'navigate' } })).toBe(true);
});

/** What Node's fetch would not send: a Host of our choice. */
async function ask(
  target: { readonly host?: string; readonly port: number },
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number | undefined; code: string | undefined }> {
  const asking = request({ host: target.host ?? '127.0.0.1', port: target.port, path: '/v1/documents', headers }).end();
  const [response] = await once(asking, 'response');
  const answer = JSON.parse(await text(response)) as { error?: { code: string } };
  return { status: response.statusCode, code: answer.error?.code };
}

async function listening(options: ServerOptions): Promise<{ port: number } & AsyncDisposable> {
  const server = await createServer({ port: 0, store: new MemoryStore(), ...options });
  const { port } = await server.listen();
  return { port, [Symbol.asyncDispose]: () => server.close() };
}

const OK = { status: 200, code: undefined };
const REFUSED = { status: 403, code: 'HW_API_REFUSED' };
const WRONG_TOKEN = { status: 401, code: 'HW_API_TOKEN_WRONG' };

test('unless told otherwise the API is for this machine, and not for a page whose name points at it', async () => {
  await using server = await listening({});

  expect(await ask(server)).toEqual(OK);
  expect(await ask(server, { host: 'evil.example' })).toEqual(REFUSED);
  expect(await ask(server, { 'x-forwarded-for': '10.0.0.1' })).toEqual(REFUSED);
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address !== undefined && !address.internal && address.family === 'IPv4')?.address;

test.skipIf(outside === undefined)('an address of this machine that others can reach is not this machine', async () => {
  const host = outside ?? '';
  await using local = await listening({ host: '0.0.0.0' });
  await using open = await listening({ host: '0.0.0.0', api: 'on' });

  expect(await ask({ host, port: local.port })).toEqual(REFUSED);
  expect(await ask({ host, port: local.port }, { host: 'localhost' })).toEqual(REFUSED);
  expect(await ask({ host, port: open.port })).toEqual(OK);
});

test('it can be open to everybody, and to nobody', async () => {
  await using open = await listening({ api: 'on' });
  await using closed = await listening({ api: 'off' });

  expect(await ask(open, { host: 'docs.example', 'x-forwarded-for': '10.0.0.1' })).toEqual(OK);
  expect(await ask(closed)).toEqual(REFUSED);
});

test('a token is asked of everybody, and only the whole of it counts', async () => {
  await using server = await listening({ apiToken: 's3cret-token' });
  const withToken = (token: string): ReturnType<typeof ask> => ask(server, { authorization: `Bearer ${token}` });

  expect(await ask(server)).toEqual(WRONG_TOKEN);
  for (const wrong of ['', 's3cret-toke', 's3cret-token2', 'S3CRET-TOKEN', ' ']) {
    expect(await withToken(wrong)).toEqual(WRONG_TOKEN);
  }
  expect(await ask(server, { authorization: 's3cret-token' })).toEqual(WRONG_TOKEN);
  expect(await withToken('s3cret-token')).toEqual(OK);
  expect(await ask(server, { authorization: 'Bearer s3cret-token', host: 'evil.example' })).toEqual(REFUSED);
});

test('the client brings its token', async () => {
  await using server = await listening({ apiToken: 's3cret-token' });
  const url = `http://127.0.0.1:${server.port}`;

  await expect(new HistoryClient(url).documents()).rejects.toMatchObject({ code: 'HW_API_TOKEN_WRONG' });
  expect(await new HistoryClient(url, { token: 's3cret-token' }).documents()).toEqual({ documents: [] });
});

describe('a page of another origin', () => {
  test('can send no edit: what needs no preflight is refused, and a preflight gets no permission', async () => {
    await using served = await serve();
    const url = `${served.url}/v1/documents/doc/restore`;
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const response = await fetch(url, { method: 'POST', body: '{"at":0}', headers: { 'content-type': type } });
      expect(response.status).toBe(415);
    }
    expect((await fetch(url, { method: 'POST', body: new Uint8Array([123, 125]) })).status).toBe(415);

    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });

    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('is told nothing, and an answer cannot be embedded or taken for a script', async () => {
    await using served = await serve();

    for (const path of ['/v1/documents', '/v1/nothing', '/v1/documents/x/state?at=1']) {
      const { headers } = await fetch(`${served.url}${path}`, { headers: { origin: 'https://evil.example' } });
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });
});

test('what is not below /v1 is not the API', async () => {
  await using served = await serve();

  const response = await fetch(`${served.url}/documents`);

  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/Headwater/);
});

describe('the page is shown', () => {
  test.each([
    ['auto', '127.0.0.1', undefined, 'local'],
    ['auto', 'localhost', 'development', 'local'],
    ['auto', '::1', 'test', 'local'],
    ['auto', '127.0.0.1', 'production', 'off'],
    ['auto', '0.0.0.0', undefined, 'off'],
    ['auto', '::', undefined, 'off'],
    ['auto', '10.0.0.1', 'development', 'off'],
    ['on', '0.0.0.0', 'production', 'on'],
    ['local', '0.0.0.0', 'production', 'local'],
    ['off', '127.0.0.1', undefined, 'off'],
  ] as const)('with inspect %s on %s, NODE_ENV %s: %s', (inspect, host, nodeEnv, scope) => {
    expect(pagesScope({ inspect, host }, nodeEnv).inspect).toBe(scope);
  });

  test.each(['auto', 'on', 'local'] as const)('at / never in production, inspect %s', (inspect) => {
    const { home } = pagesScope({ inspect, host: '127.0.0.1' }, 'production');

    expect(home).toBe('off');
    expect(pagesScope({ inspect, host: '127.0.0.1' }, 'development').home).not.toBe('off');
  });
});

const bearing = (token: string) => ({ ...LOCAL, headers: { ...LOCAL.headers, authorization: `Bearer ${token}` } });

describe('where it is open to this machine', () => {
  const rule = { scope: 'local', token: '', secret: 'of the data directory' } as const;

  test('in production a proxy that says nothing of whom it speaks for is refused', () => {
    expect(() => admit({ ...rule, isOpenLocally: false }, LOCAL)).toThrow(/apiToken/);
    expect(() => admit({ ...rule, isOpenLocally: false }, bearing('a guess'))).toThrow(/apiToken/);
  });

  test('the commands of this machine are let in by what the data directory says', () => {
    expect(() => admit({ ...rule, isOpenLocally: false }, bearing(rule.secret))).not.toThrow();
    expect(() => admit({ ...rule, token: 'x' }, bearing(rule.secret))).not.toThrow();
    expect(() => admit({ ...rule, scope: 'off' }, bearing(rule.secret))).toThrow(/off/);
  });

  test('with an apiToken whoever has that is let in', () => {
    expect(() => admit({ ...rule, token: 'x', isOpenLocally: false }, bearing('x'))).not.toThrow();
    expect(() => admit({ ...rule, token: 'x', isOpenLocally: false }, LOCAL)).toThrow(/Bearer/);
  });
});
