import { HistoryClient, type TextBlame, type Timeline } from '@headwater/client/history';
import { batch, computed, effect, signal } from '@preact/signals';
import type { Address } from './address.ts';
import type { DocumentContent, View } from './content/document-content.ts';
import { LiveDocument } from './live/live-document.ts';
import type { Frame, Order, Report } from './past/messages.ts';
import type { Pace } from './past/pace.ts';
import { hashOf, type Position, positionIn } from './position.ts';
import { authorsIn } from './timeline/authors.ts';
import { grow } from './timeline/grow.ts';
import { Scale } from './timeline/scale.ts';

/** Who restores and names things: this page knows nobody's name. */
const AUTHOR = 'inspect';

/** How long after a change of the live document its timeline is read again. */
const REFRESH_MS = 1_500;

/** The timeline is counted finely, and drawn coarser: only so can long times without an edit be folded. */
const BUCKETS = 5_000;

/** Moments asked for at once when the document grew. */
const NEW_MOMENTS = 1_000;

/** How fast the past can be played; the first is the one to begin with. */
export const PACES = [
  { id: 'whole', label: 'All in 30 s' },
  { id: '1', label: '1×' },
  { id: '4', label: '4×' },
  { id: '16', label: '16×' },
  { id: '64', label: '64×' },
  { id: '256', label: '256×' },
] as const;
export type PaceId = (typeof PACES)[number]['id'];

/** What went wrong, and whether the page can do without. */
export interface Problem {
  readonly code: string | undefined;
  readonly message: string;
}

/** What the page shows and can do: one document, its past and its present. */
export class Inspector {
  readonly documentName: string;
  readonly live: LiveDocument;
  readonly timeline = signal<Timeline | undefined>(undefined);
  readonly position = signal<Position>('live');
  readonly frame = signal<Frame | undefined>(undefined);
  readonly view = signal<View>('text');
  readonly isPlaying = signal(false);
  /** Whether the text is coloured by author. */
  readonly showsAuthors = signal(false);
  readonly paceId = signal<PaceId>('whole');
  readonly problem = signal<Problem | undefined>(undefined);
  /** Said to everybody who looks or listens, until something else is said. */
  readonly notice = signal('');
  readonly scale = computed(() => this.timeline.value && new Scale(this.timeline.value, this.#maxBars()));
  readonly authors = computed(() => (this.timeline.value === undefined ? [] : authorsIn(this.timeline.value)));
  readonly lastMoment = computed(() => this.timeline.value?.lastSequence ?? 0);
  /** The moment that is shown. */
  readonly moment = computed(() => (this.position.value === 'live' ? this.lastMoment.value : this.position.value));
  readonly content = computed<DocumentContent | undefined>(() =>
    this.position.value === 'live' ? this.live.content.value : this.frame.value?.content,
  );
  /** What is known of the moment that is shown; not yet, while it is being looked for. */
  readonly facts = computed(() => {
    const frame = this.frame.value;
    return this.position.value === 'live' || frame?.moment !== this.moment.value ? undefined : frame.facts;
  });
  readonly #client: HistoryClient;
  readonly #worker: Worker;
  #refreshing: ReturnType<typeof setTimeout> | undefined;

  private constructor(address: Address, client: HistoryClient, apiToken: string | undefined) {
    this.#client = client;
    this.documentName = address.documentName;
    this.#worker = new Worker(new URL('./past/projection-worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Report>) => this.#hear(data));
    const { serverUrl, documentName } = address;
    this.#order({ kind: 'open', serverUrl, documentName, apiToken });
    this.live = new LiveDocument(address.socketUrl, documentName, () => this.#refreshSoon());
  }

  /**
   * Opens a document that is there; looking for one makes none.
   *
   * @throws HW_DOCUMENT_UNKNOWN, and what keeps a page from reading the history
   */
  static async open(address: Address, apiToken: string | undefined): Promise<Inspector> {
    const client = new HistoryClient(address.serverUrl, { token: apiToken });
    const timeline = await client.timeline(address.documentName, { buckets: BUCKETS });
    const inspector = new Inspector(address, client, apiToken);
    inspector.timeline.value = timeline;
    inspector.#start();
    return inspector;
  }

  /** Shows a moment; the last one is the live document. */
  seek(moment: number): void {
    this.#seek(moment, false);
  }

  goLive(): void {
    this.#goTo('live');
  }

  /** So many moments on or back; over those that are not kept any more. */
  step(moments: number): void {
    this.#seek(this.moment.value + moments, moments > 0);
  }

  /** To the named version before (-1) or after (1) what is shown. */
  stepToVersion(direction: -1 | 1): void {
    const moments = (this.timeline.value?.versions ?? []).map(({ sequence }) => sequence);
    const now = this.moment.value;
    const to = direction < 0 ? moments.findLast((at) => at < now) : moments.find((at) => at > now);
    if (to !== undefined) this.seek(to);
  }

  togglePlay(): void {
    if (this.isPlaying.value) this.pause();
    else this.play();
  }

  /** From here; from the beginning, when this is the end. */
  play(): void {
    if (this.position.value === 'live') this.#goTo(0);
    this.isPlaying.value = true;
    this.#order({ kind: 'play', pace: this.#pace() });
  }

  pause(): void {
    if (!this.isPlaying.value) return;
    this.isPlaying.value = false;
    this.#order({ kind: 'stop' });
  }

  set pace(id: PaceId) {
    this.paceId.value = id;
    if (this.isPlaying.value) this.#order({ kind: 'play', pace: this.#pace() });
  }

  look(view: View): void {
    this.view.value = view;
    this.live.view = view;
    this.#order({ kind: 'view', view });
  }

  /** The frame is on the screen. */
  shown(): void {
    this.#order({ kind: 'shown' });
  }

  /** Makes the document what it was, for everybody; then shows it. */
  async restore(moment: number): Promise<void> {
    const before = this.lastMoment.value;
    const sequence = await this.#client.restore(this.documentName, moment, { author: AUTHOR });
    await this.#refresh();
    this.goLive();
    this.notice.value =
      sequence === before
        ? `The document was like this already; nothing had to change.`
        : `Restored. What was there before is moment ${before.toLocaleString()}.`;
  }

  /** Names a moment, so that it is kept for ever. */
  async nameMoment(moment: number, label: string): Promise<void> {
    const version = await this.#client.versions.create(this.documentName, { label, moment, author: AUTHOR });
    const timeline = this.timeline.value;
    if (timeline !== undefined) {
      const versions = [...timeline.versions, version].sort((a, b) => a.sequence - b.sequence);
      this.timeline.value = { ...timeline, versions };
    }
    this.notice.value = `Moment ${moment.toLocaleString()} is “${label}” now.`;
  }

  /** Who wrote what of the texts in the document, as it is shown. */
  blame(moment: number): Promise<readonly TextBlame[]> {
    return this.#client.blame(this.documentName, moment);
  }

  #start(): void {
    const wanted = positionIn(location.hash);
    if (wanted !== 'live') this.seek(wanted);
    const stopWaiting = effect(() => {
      if (!this.live.isSynced.value) return;
      this.look(this.live.bestView());
      queueMicrotask(() => stopWaiting());
    });
    window.addEventListener('hashchange', () => {
      const position = positionIn(location.hash);
      if (position === this.position.peek()) return;
      if (position === 'live') this.goLive();
      else this.seek(position);
    });
  }

  #seek(moment: number, isOnward: boolean): void {
    const last = this.lastMoment.value;
    const to = Math.min(Math.max(Math.round(moment), 0), last);
    this.#goTo(to === last ? 'live' : to, isOnward);
  }

  #goTo(position: Position, isOnward = false): void {
    this.pause();
    batch(() => {
      this.position.value = position;
      this.notice.value = '';
    });
    if (position !== 'live') this.#order({ kind: 'seek', moment: position, isOnward });
    this.#writeAddress();
  }

  /** Where the page is can be linked to; it is no page of its own in the browser's history. */
  #writeAddress(): void {
    const hash = hashOf(this.position.value);
    if (hash !== location.hash) history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
  }

  #hear(report: Report): void {
    if (report.kind === 'frame') {
      batch(() => {
        this.frame.value = report.frame;
        this.problem.value = undefined;
        const { asked, moment } = report.frame;
        if (this.isPlaying.value || this.position.value === asked) this.position.value = moment;
      });
    } else if (report.kind === 'ended') {
      this.isPlaying.value = false;
      this.goLive();
    } else {
      this.isPlaying.value = false;
      this.problem.value = { code: report.code, message: report.message };
    }
    if (!this.isPlaying.value) this.#writeAddress();
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }

  #pace(): Pace {
    const id = this.paceId.value;
    if (id === 'whole') return { kind: 'whole', seconds: 30, moments: this.lastMoment.value };
    return { kind: 'times', factor: Number(id) };
  }

  #refreshSoon(): void {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      this.#refresh().catch(() => {}); // the next change asks again
    }, REFRESH_MS);
  }

  /** The timeline of a large document takes a while to count; what came since is all that is asked for. */
  async #refresh(): Promise<void> {
    for (;;) {
      const timeline = this.timeline.value;
      if (timeline === undefined) return;
      const range = { after: timeline.lastSequence, limit: NEW_MOMENTS };
      const moments = await this.#client.moments(this.documentName, range);
      if (this.timeline.value !== timeline) continue; // it grew meanwhile
      this.timeline.value = grow(timeline, moments);
      if (moments.length < NEW_MOMENTS) return;
    }
  }

  /** As there is room for, and few enough for a short document that they touch. */
  #maxBars(): number {
    return Math.min(Math.max(Math.round(window.innerWidth / 7), 50), 400, Math.max(this.lastMoment.value / 3, 24));
  }
}
