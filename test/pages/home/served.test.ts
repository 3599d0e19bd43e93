import { expect, test } from 'vitest';
import { ServerProcess } from '../../support/server-process.ts';

/** What a server says at `/`. */
async function home(
  server: ServerProcess,
  path = '/',
): Promise<{ status: number; policy: string | null; body: string }> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return {
    status: response.status,
    policy: response.headers.get('content-security-policy'),
    body: await response.text(),
  };
}

const NO_PAGE = { status: 404, policy: null, body: expect.stringContaining('This is a Headwater sync server') };

test('a server in development shows a page at /, which allows nothing but files of its own', async () => {
  await using server = await ServerProcess.start();

  const page = await home(server);

  expect(page.status).toBe(200);
  expect(page.body).toContain('<div id="app">');
  expect(page.policy).toContain("default-src 'none'; script-src 'self'");
  const assets = [...page.body.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, file = '']) => file);
  expect(assets.length).toBeGreaterThan(2);
  for (const asset of assets) expect(await home(server, asset)).toMatchObject({ status: 200 });
});

test('in production there is none, even where the page of a document is shown', async () => {
  await using server = await ServerProcess.start({ env: { NODE_ENV: 'production' }, flags: ['--inspect', 'local'] });

  expect(await home(server)).toEqual(NO_PAGE);
  expect(await home(server, '/inspect/notes')).toMatchObject({ status: 200 });
});

test('there is none where the pages are off', async () => {
  await using server = await ServerProcess.start({ flags: ['--inspect', 'off'] });

  expect(await home(server)).toEqual(NO_PAGE);
});
