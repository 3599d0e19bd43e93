import { Backoff, checkDocumentName } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import type { Logger } from '../logging/logger.ts';

/** Whose access is decided anew: sessions of which all of this is true. Without anything: all of them. */
export interface ReauthenticateOptions {
  /** Those of this document. */
  readonly documentName?: string | undefined;
  /** Those of whom `authenticate` said that they are this user. */
  readonly user?: string | undefined;
}

/** @throws HW_NAME_INVALID, HW_OPTIONS_INVALID */
export function checkWhom({ documentName, user }: ReauthenticateOptions): void {
  if (documentName !== undefined) checkDocumentName(documentName);
  if (user === '') throw new HeadwaterError('HW_OPTIONS_INVALID', 'user: expected a name, or none');
}

/** A session about which `authenticate` was asked, or is being asked. */
export interface Judged {
  readonly documentName: string;
  /** Whether it was let in. */
  readonly isGranted: boolean;
  readonly user: string | undefined;
  /** It is being let in, and what is answered about this user may be out of date: ask again. `undefined`: about any user. */
  doubt(user: string | undefined): void;
  /** Has its access decided anew. Resolves when that is done, or could not be; never rejects. */
  reauthenticate(): Promise<void>;
}

/** At most so many questions are open, and so many are asked in one turn of the event loop; the next ones a moment later. */
const MAX_OPEN = 50;
const MAX_PER_TURN = 20;
const PAUSE_MS = 10;
/** Between two questions about a session that could not be decided. */
const UNDECIDED_BACKOFF = { minMs: 1_000, maxMs: 30_000 };

/** A question that is yet to be asked. */
class Question {
  #settle: (error?: HeadwaterError) => void = () => {};
  /** Rejects when it is not asked any more because everything stops. */
  readonly whenAsked: Promise<void>;

  constructor() {
    this.whenAsked = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.whenAsked.catch(() => {}); // not everybody who asks waits for it
  }

  settle(error?: HeadwaterError): void {
    this.#settle(error);
  }
}

/** A question that could not be answered, and is asked again. */
interface Postponed {
  readonly backoff: Backoff;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Has access decided anew, of the sessions at this instance: when the application says that a permission has changed, and of all
 * of them when another instance may have been told so and was not heard. Paced, because behind `authenticate` may be a service that
 * ten thousand questions at once would take down.
 */
export class Reauthentication {
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #sessions = new Set<Judged>();
  /** Those somebody named come first. In the order in which they are asked about. */
  readonly #named = new Map<Judged, Question>();
  readonly #all = new Map<Judged, Question>();
  readonly #postponed = new Map<Judged, Postponed>();
  #open = 0;
  #turn: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param random - of which the backoff takes its part, from 0 to below 1 */
  constructor(logger: Logger, random: () => number) {
    this.#logger = logger;
    this.#random = random;
  }

  add(session: Judged): void {
    this.#sessions.add(session);
  }

  /** It is over: nobody is to be asked about it. Idempotent. */
  delete(session: Judged): void {
    this.#sessions.delete(session);
    this.decided(session);
    for (const questions of [this.#named, this.#all]) {
      questions.get(session)?.settle();
      questions.delete(session);
    }
  }

  /**
   * Has the access of some sessions decided anew; those that are just being let in are, before they are. Resolves when
   * `authenticate` was asked about each.
   *
   * @throws HW_SHUTTING_DOWN
   */
  async ask({ documentName, user }: ReauthenticateOptions): Promise<void> {
    if (this.#isClosed) throw shuttingDown();
    const questions: Promise<void>[] = [];
    for (const session of this.#sessions) {
      if (documentName !== undefined && session.documentName !== documentName) continue;
      if (!session.isGranted) session.doubt(user);
      else if (user === undefined || session.user === user) questions.push(this.#enqueue(session, this.#named));
    }
    await Promise.all(questions);
  }

  /** The same for all sessions, a few at a time, once for all who want it meanwhile. */
  askAll(): void {
    if (this.#isClosed) return;
    for (const session of this.#sessions) {
      if (session.isGranted) void this.#enqueue(session, this.#all);
      else session.doubt(undefined);
    }
  }

  /** It could not be decided: asks again later, after longer waits each time. */
  postpone(session: Judged): void {
    if (this.#isClosed) return;
    let postponed = this.#postponed.get(session);
    if (postponed === undefined) {
      postponed = { backoff: new Backoff({ ...UNDECIDED_BACKOFF, random: this.#random }), timer: undefined };
      this.#postponed.set(session, postponed);
      const { documentName, user } = session;
      this.#logger.warn(
        { documentName, user },
        'access could not be decided anew: it stays as it is, and is asked for again',
      );
    }
    clearTimeout(postponed.timer);
    postponed.timer = setTimeout(() => void this.#enqueue(session, this.#all), postponed.backoff.nextMs()).unref();
  }

  /** It was decided after all. Idempotent. */
  decided(session: Judged): void {
    clearTimeout(this.#postponed.get(session)?.timer);
    this.#postponed.delete(session);
  }

  /** Asks nothing any more, and who waits for it hears HW_SHUTTING_DOWN. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#turn);
    for (const session of this.#postponed.keys()) this.decided(session);
    for (const questions of [this.#named, this.#all]) {
      for (const question of questions.values()) question.settle(shuttingDown());
      questions.clear();
    }
  }

  #enqueue(session: Judged, into: Map<Judged, Question>): Promise<void> {
    const question = this.#named.get(session) ?? this.#all.get(session) ?? new Question();
    if (into === this.#named) this.#all.delete(session);
    if (!this.#named.has(session)) into.set(session, question);
    this.#turn ??= setTimeout(() => this.#askSome(), 0);
    return question.whenAsked;
  }

  #askSome(): void {
    this.#turn = undefined;
    for (let asked = 0; asked < MAX_PER_TURN && this.#open < MAX_OPEN; asked++) {
      const [session, question] = this.#takeFirst();
      if (session === undefined || question === undefined) return;
      void this.#askAbout(session, question);
    }
    this.#turn = setTimeout(() => this.#askSome(), PAUSE_MS);
  }

  #takeFirst(): readonly [Judged, Question] | readonly [] {
    for (const questions of [this.#named, this.#all]) {
      for (const [session, question] of questions) {
        questions.delete(session);
        return [session, question];
      }
    }
    return [];
  }

  async #askAbout(session: Judged, question: Question): Promise<void> {
    this.#open += 1;
    await session.reauthenticate();
    this.#open -= 1;
    question.settle();
  }
}

/** What somebody is told who waits for a server that is closed. */
export function shuttingDown(): HeadwaterError {
  return new HeadwaterError('HW_SHUTTING_DOWN', 'the server is closed');
}
