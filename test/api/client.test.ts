import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HistoryClient } from '@headwater/client/history';
import { expect, test } from 'vitest';
import { serve } from './served.ts';

/** Something that answers in its own way. */
async function answering(respond: RequestListener): Promise<{ history: HistoryClient } & AsyncDisposable> {
  const http = createHttpServer(respond).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const history = new HistoryClient(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return {
    history,
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

test('where nobody answers, that is the error, with the address', async () => {
  const history = new HistoryClient('http://127.0.0.1:1');

  await expect(history.moments('doc')).rejects.toMatchObject({
    code: 'HW_SERVER_UNREACHABLE',
    message: expect.stringContaining('http://127.0.0.1:1'),
  });
});

test.each([
  ['a page', 200, '<html>hello</html>'],
  ["a proxy's error", 502, '<html>Bad Gateway</html>'],
  ['JSON of somebody else', 500, '{"message":"no"}'],
  ['nothing', 500, ''],
])('%s is no answer of this API', async (_, status, body) => {
  await using other = await answering((_request, response) => response.writeHead(status).end(body));

  await expect(other.history.moments('doc')).rejects.toMatchObject({ code: 'HW_ANSWER_UNUSABLE' });
});

test('an error code this client does not know yet is told in words', async () => {
  const body = JSON.stringify({ error: { code: 'HW_FROM_THE_FUTURE', message: 'not on Sundays' } });
  await using newer = await answering((_request, response) => response.writeHead(409).end(body));

  await expect(newer.history.moments('doc')).rejects.toMatchObject({
    code: 'HW_ANSWER_UNUSABLE',
    message: 'the server says HW_FROM_THE_FUTURE: not on Sundays',
  });
});

test('an answer that is cut off is an error, in a replay too', async () => {
  const step = JSON.stringify({ sequence: 1, timeMs: 1, kind: 'update', author: 'a', update: 'AAA=' });
  await using cut = await answering((_request, response) => {
    response.writeHead(200).write(`${step}\n{"sequence":2,`, () => response.destroy());
  });
  const sequences: number[] = [];
  const replaying = (async () => {
    for await (const { sequence } of cut.history.replay('doc')) sequences.push(sequence);
  })();

  await expect(replaying).rejects.toMatchObject({ code: 'HW_SERVER_UNREACHABLE' });
  expect(sequences).toEqual([1]);
  await expect(cut.history.moments('doc')).rejects.toMatchObject({ code: 'HW_SERVER_UNREACHABLE' });
});

test('lines and characters that are cut anywhere are put together again', async () => {
  const step = { sequence: 1, timeMs: 1, kind: 'update', author: 'ü😀', update: 'AAA=' };
  const bytes = Buffer.from(`${JSON.stringify(step)}\n${JSON.stringify({ ...step, sequence: 2 })}`); // no line end
  await using slow = await answering((_request, response) => {
    void (async () => {
      for (const byte of bytes) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    })();
  });
  const steps = [];

  for await (const { sequence, author, update } of slow.history.replay('doc')) steps.push([sequence, author, update]);

  expect(steps).toEqual([
    [1, 'ü😀', Uint8Array.of(0, 0)],
    [2, 'ü😀', Uint8Array.of(0, 0)],
  ]);
});

test('a request that is given up rejects with the reason', async () => {
  await using silent = await answering(() => {});
  const giveUp = new AbortController();

  const asking = silent.history.moments('doc', { signal: giveUp.signal });
  giveUp.abort(new Error('enough'));

  await expect(asking).rejects.toThrow('enough');
});

test('the address of the WebSockets will do, and one with a path and a slash at its end', async () => {
  await using served = await serve();
  const paths: string[] = [];
  await using proxy = await answering(({ url }, response) => {
    paths.push(url ?? '');
    response.end('{"documents":[]}');
  });
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = (input) => {
    const { url } = new Request(input);
    asked.push(url);
    return globalThis.fetch(url.replace(/^.*headwater\//, `${served.url}/`));
  };

  expect(await new HistoryClient(served.socketUrl).documents()).toEqual({ documents: [] });
  await new HistoryClient('wss://docs.example/headwater/', { fetch }).documents();

  expect(asked).toEqual(['https://docs.example/headwater/v1/documents']);
  expect(await proxy.history.documents()).toEqual({ documents: [] });
  expect(paths).toEqual(['/v1/documents']);
});

test.each([
  ['the empty one', ''],
  ['what means this folder', '.'],
  ['what means the folder above', '..'],
  ['half a character', '\ud800'],
])('a document name no URL can say is refused before anything is asked: %s', async (_, name) => {
  const history = new HistoryClient('http://127.0.0.1:1');

  await expect(history.moments(name)).rejects.toMatchObject({ code: 'HW_NAME_INVALID' });
});
