import { HeadwaterError } from '@headwater/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { HeadwaterReplies } from '../../server/src/connection/headwater-replies.ts';
import { FakeLink } from './fake-link.ts';

let link: FakeLink;
let replies: HeadwaterReplies;
const mayWrite = { user: undefined, isReadOnly: false, expiresAt: undefined };
const readOnly = new HeadwaterError('HW_READ_ONLY', 'may only read');
const denied = new HeadwaterError('HW_ACCESS_DENIED', 'no');

beforeEach(() => {
  link = new FakeLink();
  replies = new HeadwaterReplies('doc', link, () => 5_000);
});

test('a token is good for the time that is left of it', () => {
  replies.granted({ user: 'ada', isReadOnly: true, expiresAt: 6_500 });
  replies.granted({ user: undefined, isReadOnly: false, expiresAt: 4_999 });

  expect(link.told).toEqual([
    { kind: 'granted', isReadOnly: true, expiresInMs: 1_500, user: 'ada' },
    { kind: 'granted', isReadOnly: false, expiresInMs: 0, user: undefined },
  ]);
});

test('what is wrong with more than one edit ends the connection', () => {
  replies.received();

  expect(() => replies.refused(new HeadwaterError('HW_FRAME_MALFORMED', 'nonsense'))).toThrow('nonsense');
  expect(link.told).toEqual([]);
});

describe('a connection that is full', () => {
  test('is told how far it is saved when it has drained, once', () => {
    for (let i = 0; i < 3; i++) replies.received();
    link.isFull = true;
    replies.saved(1);
    replies.saved(1);
    expect(link.told).toEqual([]);

    link.isFull = false;
    replies.drained();
    replies.drained();

    expect(link.told).toEqual([{ kind: 'saved', edit: 2 }]);
  });

  test('is told of every denial, or numbers it takes back would be taken for saved', () => {
    replies.granted(mayWrite);
    link.isFull = true;
    replies.denied(denied);
    replies.dropped(1);
    replies.granted(mayWrite);
    replies.received();
    replies.saved(1);

    link.isFull = false;
    replies.drained();

    expect(link.kinds).toEqual(['granted', 'denied', 'granted', 'saved']);
    expect(link.told.at(-1)).toEqual({ kind: 'saved', edit: 2 });
  });

  test('gets what it is told meanwhile in order, also when it drained and nobody has come to it yet', () => {
    link.isFull = true;
    replies.received();
    replies.refused(readOnly);
    link.isFull = false;
    replies.received();
    replies.refused(readOnly);
    replies.received();
    replies.saved(1);
    expect(link.told).toEqual([]);

    replies.drained();

    expect(link.told).toEqual([
      { kind: 'refused', edit: 1, code: 'HW_READ_ONLY', reason: 'may only read' },
      { kind: 'refused', edit: 2, code: 'HW_READ_ONLY', reason: 'may only read' },
      { kind: 'saved', edit: 3 },
    ]);
  });

  test('and is refused edit after edit is closed, for nothing else bounds what is kept for it', () => {
    link.isFull = true;
    for (let i = 0; i < 256; i++) {
      replies.received();
      replies.refused(readOnly);
    }
    expect(link.closedWith).toBeUndefined();

    replies.received();
    replies.refused(readOnly);

    expect(link.closedWith?.code).toBe('HW_SLOW_CONSUMER');
  });
});
