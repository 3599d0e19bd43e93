import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Served, serve } from '../../api/served.ts';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function ask(server: Served, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const [response] = (await once(get(`${server.url}${path}`, { headers }), 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** What the page refers to, as the server serves it. */
function assetsIn({ body }: Answer): readonly string[] {
  return [...body.matchAll(/(?:src|href)="\.\.\/([^"]+)"/g)].map(([, file]) => `/${file}`);
}

test('every document has the same page, whatever its name', async () => {
  await using server = await serve({ inspect: 'on' });

  const plain = await ask(server, '/inspect/notes');
  const odd = await ask(server, `/inspect/${encodeURIComponent('a/b ../ü')}`);

  expect(plain.status).toBe(200);
  expect(plain.headers['content-type']).toMatch(/^text\/html/);
  expect(odd.status).toBe(200);
  expect(odd.body).toBe(plain.body);
});

test('the page allows nothing but files of its own', async () => {
  await using server = await serve({ inspect: 'on' });

  const page = await ask(server, '/inspect/notes');

  expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  expect(page.headers['x-content-type-options']).toBe('nosniff');
  expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:\/\//);
});

test('assets have their types and may be kept for ever; the page that names them is asked for again', async () => {
  await using server = await serve({ inspect: 'on' });
  const page = await ask(server, '/inspect/notes');

  const assets = await Promise.all(assetsIn(page).map((path) => ask(server, path)));

  const types = new Set(assets.map(({ headers }) => headers['content-type']?.split(';')[0]));
  expect(types).toEqual(new Set(['image/svg+xml', 'text/css', 'text/javascript']));
  for (const { status, headers } of assets) {
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
  expect(page.headers['cache-control']).toBe('no-cache');
});

test('nothing outside the assets is served', async () => {
  await using server = await serve({ inspect: 'on' });

  for (const path of [
    '/inspect/assets/../index.html',
    '/inspect/assets/..%2f..%2fpackage.json',
    '/inspect/assets/none.js',
  ]) {
    const { status, body } = await ask(server, path);
    expect({ path, isServed: status === 200 && !body.startsWith('<!doctype html>') }).toEqual({
      path,
      isServed: false,
    });
  }
});

describe('who may see it', () => {
  test('nobody when it is off', async () => {
    await using server = await serve({ inspect: 'off' });

    const { status, body } = await ask(server, '/inspect/notes');

    expect(status).toBe(403);
    expect(body).not.toContain('<html');
  });

  test.each([
    ['another name for this machine, as a page of somebody else may have', { host: 'evil.example' }],
    ['a proxy', { 'x-forwarded-for': '192.0.2.7' }],
  ])('not %s, when it is for this machine only', async (_who, headers) => {
    await using server = await serve({ inspect: 'local' });

    expect((await ask(server, '/inspect/notes')).status).toBe(200);
    expect((await ask(server, '/inspect/notes', headers)).status).toBe(403);
  });
});
