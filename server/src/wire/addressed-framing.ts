import * as encoding from 'lib0/encoding';
import { MessageFraming } from './message-framing.ts';

/** Where a connection carries several documents: every message begins with the address its client gave it. */
export class AddressedFraming extends MessageFraming {
  constructor(address: string, isShared = false) {
    super(
      'addressed',
      encoding.encode((encoder) => encoding.writeVarString(encoder, address)),
      isShared,
    );
  }
}
