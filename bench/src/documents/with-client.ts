import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/**
 * The same edits by another client: a document of any size is many people's copies of one session, made without
 * replaying it for each.
 *
 * @param update - the whole state of a document only one client wrote
 */
export function withClient(update: Uint8Array, client: number): Uint8Array {
  const { structs, ds } = Y.decodeUpdate(update);
  const renamed = (id: Y.ID | null): Y.ID | null => id && Y.createID(client, id.clock);
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, 1);
  encoding.writeVarUint(encoder.restEncoder, structs.length);
  encoder.writeClient(client);
  encoding.writeVarUint(encoder.restEncoder, structs[0]?.id.clock ?? 0);
  for (const struct of structs) {
    if (struct instanceof Y.Item) {
      struct.origin = renamed(struct.origin);
      struct.rightOrigin = renamed(struct.rightOrigin);
    }
    struct.write(encoder, 0);
  }
  const deleted = [...ds.clients.values()].flat();
  encoding.writeVarUint(encoder.restEncoder, deleted.length > 0 ? 1 : 0);
  if (deleted.length > 0) {
    encoding.writeVarUint(encoder.restEncoder, client);
    encoding.writeVarUint(encoder.restEncoder, deleted.length);
    for (const { clock, len } of deleted) {
      encoding.writeVarUint(encoder.restEncoder, clock);
      encoding.writeVarUint(encoder.restEncoder, len);
    }
  }
  return encoder.toUint8Array();
}
