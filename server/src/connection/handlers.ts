import type { ClientMessage } from '@headwater/protocol';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';

/**
 * Does what one message of a client says about a document.
 *
 * @throws HW_UPDATE_MALFORMED, HW_AWARENESS_MALFORMED, HW_AWARENESS_TOO_LARGE, HW_TOO_MUCH_WAITING
 */
export function handleMessage(document: HostedDocument, session: Session, message: ClientMessage): void {
  switch (message.kind) {
    case 'sync-step-1':
      document.answer(session, message.stateVector);
      break;
    case 'sync-step-2':
      document.receiveState(session, message.update);
      break;
    case 'update':
      document.receive(session, message.update);
      break;
    case 'awareness':
      document.receiveAwareness(session, message.update);
      break;
    case 'query-awareness':
      document.answerAwarenessQuery(session);
      break;
    case 'unknown':
      break; // the way of the protocol: what a peer does not know it leaves alone
  }
}
