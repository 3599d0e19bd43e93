/** A stateless message of a Hocuspocus provider: text that is no part of a document and is not kept. */
export interface StatelessMessage {
  readonly documentName: string;
  readonly payload: string;
  /** The verified user when there is one, else the connection. */
  readonly author: string;
  readonly isReadOnly: boolean;
  /** Sends text to whoever sent this. */
  readonly reply: (payload: string) => void;
  /** Sends text to every Hocuspocus session of the document, the sender included. */
  readonly broadcast: (payload: string) => void;
}

/** Does what stateless messages are for in an application. An error it throws is logged. */
export type OnStateless = (message: StatelessMessage) => void | Promise<void>;
