import type { DocumentContent, View } from '../content/document-content.ts';
import type { Pace } from './pace.ts';
import type { MomentFacts } from './reel.ts';

/** What the page tells the worker that shows the past. */
export type Order =
  | {
      readonly kind: 'open';
      readonly serverUrl: string;
      readonly documentName: string;
      readonly apiToken: string | undefined;
    }
  /** To a moment; where it is not kept any more to the last before it, or on to the first after it. */
  | { readonly kind: 'seek'; readonly moment: number; readonly isOnward: boolean }
  | { readonly kind: 'play'; readonly pace: Pace }
  | { readonly kind: 'stop' }
  | { readonly kind: 'view'; readonly view: View }
  /** The last frame is on the screen: there may be another one. */
  | { readonly kind: 'shown' };

/** A document as it was. */
export interface Frame {
  /** The moment it was asked for, and the one it shows: the nearest that is kept. */
  readonly asked: number;
  readonly moment: number;
  /** What is known of it; a coarse frame comes before its facts do. */
  readonly facts: MomentFacts | undefined;
  readonly content: DocumentContent;
}

/** What the worker says. */
export type Report =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** It played to the last moment. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };
