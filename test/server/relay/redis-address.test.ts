import { expect, test } from 'vitest';
import { describeAddress, parseRedisUrl } from '../../../server/src/relay/redis-address.ts';

test.each([
  ['redis://localhost', { kind: 'single', hosts: [{ host: 'localhost', port: 6379 }], database: 0 }],
  ['redis://localhost/3', { kind: 'single', database: 3 }],
  ['rediss://ada:p%40ss@redis.example:7000', { isEncrypted: true, username: 'ada', password: 'p@ss' }],
  ['redis://:secret@[::1]:6380', { username: undefined, password: 'secret', hosts: [{ host: '::1', port: 6380 }] }],
  [
    'redis+sentinel://a:1,b/main/2',
    {
      kind: 'sentinel',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      masterName: 'main',
      database: 2,
    },
  ],
  ['rediss+cluster://a:1,b:2', { kind: 'cluster', isEncrypted: true, masterName: undefined }],
])('%s is understood', (url, expected) => {
  expect(parseRedisUrl(url)).toMatchObject(expected);
});

test.each([
  'localhost:6379',
  'http://localhost',
  'redis://',
  'redis://a:1,b:2',
  'redis://a:70000',
  'redis://a/x',
  'redis://a/1/2',
  'redis+sentinel://a:1',
  'redis+cluster://a:1/1',
  'redis://a:%zz@b',
])('%s is refused, and its words are not repeated', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: 'HW_OPTIONS_INVALID' }));
  expect(() => parseRedisUrl('redis://user:hush@a/x')).not.toThrow('hush');
});

test('a log says where Redis is, and not who we are there', () => {
  expect(describeAddress(parseRedisUrl('redis://ada:hush@a:1'))).toBe('a:1');
  expect(describeAddress(parseRedisUrl('redis+sentinel://a:1,b:2/main'))).toBe('"main" by the Sentinels at a:1,b:2');
});
