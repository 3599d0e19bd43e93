import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';

interface Changes {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

/** The awareness of several clients, each told at once of what the others do, as on a perfect network. */
export class AwarenessCircle implements Disposable {
  readonly #members: Awareness[] = [];

  join(clientId?: number): Awareness {
    const document = new Y.Doc();
    if (clientId !== undefined) document.clientID = clientId;
    const joiner = new Awareness(document);
    for (const member of this.#members) copyStates(member, joiner, [...member.getStates().keys()]);
    joiner.on('update', ({ added, updated, removed }: Changes, origin: unknown) => {
      if (origin !== 'local') return;
      for (const member of this.#members) {
        if (member !== joiner) copyStates(joiner, member, [...added, ...updated, ...removed]);
      }
    });
    this.#members.push(joiner);
    joiner.setLocalState({}); // the first state, of clock 0, is one that others never take
    return joiner;
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member.destroy();
  }
}

function copyStates(from: Awareness, to: Awareness, clientIds: number[]): void {
  applyAwarenessUpdate(to, encodeAwarenessUpdate(from, clientIds), 'network');
}
