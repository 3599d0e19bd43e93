import { HeadwaterError } from '@headwater/protocol';
import { beforeEach, expect, test } from 'vitest';
import { HocuspocusReplies } from '../../server/src/connection/hocuspocus-replies.ts';
import { FakeLink } from './fake-link.ts';

const reader = { user: undefined, isReadOnly: true, expiresAt: undefined };
const denied = new HeadwaterError('HW_ACCESS_DENIED', 'not any more');

let link: FakeLink;
let replies: HocuspocusReplies;

beforeEach(() => {
  link = new FakeLink();
  replies = new HocuspocusReplies('doc', link);
});

const texts = (): string[] => link.payloads.map((payload) => Buffer.from(payload).toString());

test('a full connection is told once it has room that its client is out', () => {
  link.isFull = true;
  replies.denied(denied);

  link.isFull = false;
  replies.drained();
  replies.drained();

  expect(texts()).toEqual([expect.stringContaining('not any more')]);
});

test('of what was decided while it was full, a connection is told the last', () => {
  link.isFull = true;
  replies.denied(denied);
  replies.granted(reader);

  link.isFull = false;
  replies.drained();

  expect(texts()).toEqual([expect.stringContaining('readonly')]);
});
