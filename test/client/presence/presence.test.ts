import { Presence, type PresenceUser, userColor } from '@headwater/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AwarenessCircle } from './awareness-circle.ts';
import { FakePage } from './fake-page.ts';

let circle: AwarenessCircle;
beforeEach(() => {
  vi.useFakeTimers();
  circle = new AwarenessCircle();
});
afterEach(() => {
  circle[Symbol.dispose]();
  vi.useRealTimers();
});

/** Two clients of one document: `ada`, whose presence it is, and `bob`, who sees it. */
function meet() {
  const page = new FakePage();
  const ada = new Presence(circle.join(1), { page });
  const bob = new Presence(circle.join(2), { page: null });
  return { page, ada, bob, adaSeenByBob: () => bob.users.find(({ id }) => id === 'ada') };
}

/** What happens to others, in order. */
function heardBy(presence: Presence): string[] {
  const heard: string[] = [];
  presence.on('join', ({ id }) => heard.push(`join ${id}`));
  presence.on('leave', ({ id }) => heard.push(`leave ${id}`));
  return heard;
}

describe('who is here', () => {
  test('a user who says who it is is seen by the others with a colour of its own', () => {
    const { ada, adaSeenByBob } = meet();

    ada.set({ id: 'ada', name: 'Ada', avatar: '/ada.png' });

    expect(adaSeenByBob()).toEqual({
      id: 'ada',
      name: 'Ada',
      color: userColor('ada'),
      avatar: '/ada.png',
      cursor: undefined,
      isTyping: false,
      activity: 'active',
      isSelf: false,
      clients: [{ clientId: 1, cursor: undefined, isTyping: false, activity: 'active' }],
    });
    expect(ada.self).toEqual({ ...adaSeenByBob(), isSelf: true });
  });

  test('the fields are those that caret plugins read', () => {
    const { ada } = meet();

    ada.set({ id: 'ada', name: 'Ada', cursor: { anchor: 1, head: 2 } });

    expect(ada.awareness.getLocalState()).toEqual({
      user: { id: 'ada', name: 'Ada', color: expect.stringMatching(/^#[0-9a-f]{6}$/) },
      cursor: { anchor: 1, head: 2 },
    });
  });

  test('setting one field leaves the others, and null takes one away', () => {
    const { ada, adaSeenByBob } = meet();

    ada.set({ id: 'ada', name: 'Ada', color: '#005500', avatar: '/ada.png' });
    ada.set({ name: 'Countess', avatar: null, color: undefined });
    expect(adaSeenByBob()).toMatchObject({ name: 'Countess', color: '#005500', avatar: undefined });
    ada.set({ color: null });
    expect(adaSeenByBob()).toMatchObject({ color: userColor('ada') });
  });

  test('what others put beside it into the awareness stays', () => {
    const { ada } = meet();
    ada.awareness.setLocalState({ user: { role: 'editor' }, cursor: null, viewport: 3 });

    ada.set({ name: 'Ada', color: '#005500' });
    ada.close();

    expect(ada.awareness.getLocalState()).toEqual({ cursor: null, viewport: 3 });
  });

  test('a colour that caret plugins would not understand is refused with one that they do', () => {
    const { ada } = meet();

    expect(() => ada.set({ name: 'Ada', color: 'tomato' })).toThrow(/"tomato".*#rrggbb.*"#[0-9a-f]{6}"/);
    expect(ada.self).toMatchObject({ name: undefined });
  });

  test('several tabs are one user, who leaves with the last of them', () => {
    const { ada, bob, adaSeenByBob } = meet();
    ada.set({ id: 'ada', name: 'Ada' });
    const heard = heardBy(bob);
    const second = new Presence(circle.join(3), { page: null });
    second.set({ id: 'ada', name: 'Ada (phone)', cursor: 7 });

    expect(adaSeenByBob()).toMatchObject({
      name: 'Ada (phone)',
      cursor: 7,
      clients: [{ clientId: 1 }, { clientId: 3 }],
    });
    expect(ada.self).toMatchObject({ name: 'Ada', clients: [{ clientId: 1 }, { clientId: 3 }] });

    ada.awareness.setLocalState(null);
    expect(bob.users.map(({ id }) => id)).toEqual(['client:2', 'ada']);
    second.awareness.setLocalState(null);
    expect(bob.users.map(({ id }) => id)).toEqual(['client:2']);
    expect(heard.filter((event) => event.endsWith('ada'))).toEqual(['leave ada']);
  });

  test('a user of a stock client is a user, and one that claims nonsense does no harm', () => {
    const { bob } = meet();
    circle.join(3).setLocalStateField('user', { name: 'Stock', color: '#aa0000' });
    circle.join(4).setLocalState({ user: 'x', activity: 9, typing: 'yes', cursor: null });
    circle.join(5).setLocalStateField('user', { id: 5, name: {}, color: 'red;background:url(//x)', avatar: [] });

    const nobody = { name: undefined, avatar: undefined, cursor: undefined, isTyping: false, activity: 'active' };
    expect(bob.users.slice(2)).toMatchObject([
      { ...nobody, id: 'client:3', name: 'Stock', color: '#aa0000' },
      { ...nobody, id: 'client:4', color: userColor('client:4') },
      { ...nobody, id: 'client:5', color: userColor('client:5') },
    ]);
  });

  test('those about whom nothing changed are the same objects in the same order', () => {
    const { ada, bob } = meet();
    ada.set({ id: 'ada', name: 'Ada' });
    const carol = new Presence(circle.join(3), { page: null });
    carol.set({ id: 'carol' });
    const before = bob.users;

    carol.set({ name: 'Carol' });
    const after = bob.users;
    carol.awareness.setLocalState(carol.awareness.getLocalState()); // a renewal says nothing new

    expect(after.map(({ id }) => id)).toEqual(['client:2', 'ada', 'carol']);
    expect(after.map((user, index) => user === before[index])).toEqual([true, true, false]);
    expect(bob.users).toBe(after);
  });

  test('others join and leave once, this user never does', () => {
    const { ada, bob } = meet();
    ada.set({ id: 'ada' });
    const heard = heardBy(bob);
    const lists: (readonly PresenceUser[])[] = [];
    bob.on('change', (users) => lists.push(users));

    bob.set({ id: 'bob' });
    const carol = circle.join(3);
    carol.setLocalState(null);
    ada.awareness.setLocalState(null);

    expect(heard).toEqual(['join client:3', 'leave client:3', 'leave ada']);
    expect(lists.map((users) => users.map(({ id }) => id))).toEqual([
      ['ada', 'bob'],
      ['ada', 'bob', 'client:3'],
      ['ada', 'bob'],
      ['bob'],
    ]);
  });
});

describe('a cursor', () => {
  test('goes out at once, then at most once per interval: the latest, and the last', () => {
    const { ada, bob } = meet();
    const seen: unknown[] = [];
    bob.on('change', (users) => seen.push(users.find(({ id }) => id === 'client:1')?.cursor));
    ada.set({});
    seen.length = 0;

    for (let at = 0; at < 120; at += 10) {
      ada.set({ cursor: at });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);

    expect(seen).toEqual([0, 40, 90, 110]);
  });

  test('that was alone is followed by another one at once', () => {
    const { ada } = meet();
    ada.set({ cursor: 1 });
    vi.advanceTimersByTime(50);

    ada.set({ cursor: 2 });

    expect(ada.self?.cursor).toBe(2);
  });

  test('of somebody with several tabs is that of the tab in use', () => {
    const { page, ada, adaSeenByBob } = meet();
    const second = new Presence(circle.join(3), { page: null });
    ada.set({ id: 'ada', cursor: 'first' });
    second.set({ id: 'ada', cursor: 'second' });
    expect(adaSeenByBob()).toMatchObject({ cursor: 'second' });

    second.set({ cursor: null });
    vi.runOnlyPendingTimers();
    expect(adaSeenByBob()).toMatchObject({ cursor: 'first', activity: 'active' });
    page.show(false);
    expect(adaSeenByBob()).toMatchObject({
      activity: 'active',
      clients: [{ activity: 'away' }, { activity: 'active' }],
    });
  });

  test('may live in another field, where an editor needs the usual one', () => {
    const presence = new Presence(circle.join(), { page: null, cursorField: 'pointer' });
    presence.awareness.setLocalStateField('cursor', { anchor: null });

    presence.set({ cursor: { x: 1, y: 2 } });

    expect(presence.self?.cursor).toEqual({ x: 1, y: 2 });
    expect(presence.awareness.getLocalState()).toMatchObject({ cursor: { anchor: null }, pointer: { x: 1, y: 2 } });
  });
});

describe('typing', () => {
  test('ends by itself a while after the last key, and is said twice: when it begins and when it ends', () => {
    const { ada, bob, adaSeenByBob } = meet();
    ada.set({ id: 'ada' });
    const said: unknown[] = [];
    bob.on('change', () => said.push(adaSeenByBob()?.isTyping));

    for (let key = 0; key < 4; key += 1) {
      ada.setTyping();
      vi.advanceTimersByTime(2_000);
    }
    expect(adaSeenByBob()?.isTyping).toBe(true);
    vi.advanceTimersByTime(1_000);

    expect(said).toEqual([true, false]);
  });

  test('ends when the user says so or turns away', () => {
    const { page, ada, adaSeenByBob } = meet();
    ada.set({ id: 'ada' });

    ada.setTyping();
    ada.setTyping(false);
    expect(adaSeenByBob()?.isTyping).toBe(false);
    ada.setTyping();
    page.show(false);
    expect(adaSeenByBob()).toMatchObject({ isTyping: false, activity: 'away' });
  });
});

describe('activity', () => {
  test('somebody without input goes idle, then away, and is back with the first input', () => {
    const { page, ada, adaSeenByBob } = meet();
    ada.set({ id: 'ada' });
    const activity = () => adaSeenByBob()?.activity;

    vi.advanceTimersByTime(40_000);
    page.input('pointermove');
    vi.advanceTimersByTime(59_999);
    expect(activity()).toBe('active');
    vi.advanceTimersByTime(1);
    expect(activity()).toBe('idle');
    vi.advanceTimersByTime(540_000);
    expect(activity()).toBe('away');
    page.input('wheel');
    expect(activity()).toBe('active');
  });

  test('a hidden page is away at once, and back when it is seen again', () => {
    const { page, ada, adaSeenByBob } = meet();
    ada.set({ id: 'ada' });

    page.show(false);
    expect(adaSeenByBob()?.activity).toBe('away');
    page.show(true);
    expect(adaSeenByBob()?.activity).toBe('active');
  });

  test('says nothing for somebody whose state was taken back', () => {
    const { page, ada } = meet();
    ada.set({ id: 'ada' });
    ada.awareness.setLocalState(null);

    page.show(false);
    expect(ada.awareness.getLocalState()).toBeNull();
    page.show(true);
    ada.set({ name: 'Ada' });
    expect(ada.self).toMatchObject({ id: 'ada', name: 'Ada' });
  });
});

describe('nothing is left behind', () => {
  test('before it is used it writes nothing and watches nothing', () => {
    const { page, ada } = meet();

    page.show(false);
    vi.advanceTimersByTime(20_000_000);

    expect(ada.awareness.getLocalState()).toEqual({});
    expect(page.listening).toBe(0);
  });

  test.each(['closed', 'destroyed with its awareness'])('once it is %s no timer, listener or field is left', (how) => {
    const page = new FakePage();
    const presence = new Presence(circle.join(), { page });
    const { awareness } = presence;
    const timersBefore = vi.getTimerCount();
    presence.set({ name: 'Ada', cursor: 1 });
    presence.set({ cursor: 2 });
    presence.setTyping();
    const changes = vi.fn<(users: readonly PresenceUser[]) => void>();
    presence.on('change', changes);

    if (how === 'closed') presence.close();
    else awareness.destroy();
    presence.close();
    presence.set({ name: 'Ada', cursor: 3 });
    presence.setTyping();
    vi.advanceTimersByTime(5_000);

    expect(awareness.getLocalState()).toEqual(how === 'closed' ? {} : null);
    expect(page.listening).toBe(0);
    expect(vi.getTimerCount()).toBe(how === 'closed' ? timersBefore : timersBefore - 1);
    expect(changes).not.toHaveBeenCalled();
  });
});
