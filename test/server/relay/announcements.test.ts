import { expect, test } from 'vitest';
import { Announcements } from '../../../server/src/relay/announcements.ts';
import type { Announcement } from '../../../server/src/relay/relay.ts';
import { type Deferred, deferred } from '../deferred.ts';
import { turn } from '../support.ts';

const about = (user: string | undefined): Announcement => ({ kind: 'reauthenticate', documentName: undefined, user });

/** Announcements, and a connection that is as a test says. */
function connected() {
  const connection = { isReady: true, fails: false, arrival: undefined as Deferred<void> | undefined };
  const sent: (string | undefined)[] = [];
  const announcements = new Announcements({
    canSend: () => connection.isReady,
    send: async ({ user }) => {
      sent.push(user);
      await connection.arrival?.promise;
      if (connection.fails) throw new Error('the connection went');
    },
  });
  return { connection, sent, announcements };
}

test('what cannot be sent waits until it can, and is sent once however often it was said', async () => {
  const { connection, sent, announcements } = connected();
  connection.isReady = false;
  const added = [announcements.add(about('ada')), announcements.add(about('ada')), announcements.add(about('bob'))];
  announcements.sendAll();
  expect(sent).toEqual([]);

  connection.isReady = true;
  announcements.sendAll();

  await Promise.all(added);
  expect(sent).toEqual(['ada', 'bob']);
});

test('what may not have arrived is sent again', async () => {
  const { connection, sent, announcements } = connected();
  connection.fails = true;
  const added = announcements.add(about('ada'));
  await turn();
  expect(sent).toEqual(['ada']);

  connection.fails = false;
  announcements.sendAll();

  await added;
  expect(sent).toEqual(['ada', 'ada']);
});

test('what is said while the same is on its way is sent too: that one may have been heard too early', async () => {
  const { connection, sent, announcements } = connected();
  connection.arrival = deferred();
  const added = [announcements.add(about('ada')), announcements.add(about('ada'))];
  connection.arrival.resolve();

  await Promise.all(added);
  expect(sent).toEqual(['ada', 'ada']);
});

test('more than a hundred that wait are one for everybody', async () => {
  const { connection, sent, announcements } = connected();
  connection.isReady = false;
  const added = Array.from({ length: 250 }, (_, index) => announcements.add(about(`user ${index}`)));

  connection.isReady = true;
  announcements.sendAll();

  await Promise.all(added);
  expect(sent.length).toBeLessThanOrEqual(100);
  expect(sent).toContain(undefined);
});

test('who waits when it is closed hears that the server is', async () => {
  const { connection, announcements } = connected();
  connection.isReady = false;
  const waiting = announcements.add(about('ada'));
  connection.isReady = true;
  connection.fails = true;
  connection.arrival = deferred();
  const onItsWay = announcements.add(about('bob'));

  announcements.close();
  connection.arrival.resolve();

  for (const added of [waiting, onItsWay, announcements.add(about('eve'))]) {
    await expect(added).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
  }
});
